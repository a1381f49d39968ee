"""Leases as locks: of eight that want one at once, one gets it, round after round."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.lab.api.support import Lab

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
_CONTENDERS, _ROUNDS = 8, 20


async def _take(lab: Lab, held: dict[str, Any], name: str) -> int:
    wanted = {**held, "spec": {"holderIdentity": name, "leaseDurationSeconds": 30}}
    return (await lab.ask(f"{_LEASES}/stampdeck", "PUT", wanted)).status


async def test_one_of_eight_takes_it_in_every_round(lab: Lab) -> None:
    await lab.ask(_LEASES, "POST", {"metadata": {"name": "stampdeck"}, "spec": {}})
    for number in range(_ROUNDS):
        held = (await lab.ask(f"{_LEASES}/stampdeck")).json
        names = [f"{number}-{each}" for each in range(_CONTENDERS)]
        answers = await asyncio.gather(*(_take(lab, held, name) for name in names))
        assert sorted(answers) == [200, *[409] * (_CONTENDERS - 1)]
        holder = (await lab.ask(f"{_LEASES}/stampdeck")).json["spec"]["holderIdentity"]
        assert holder == names[answers.index(200)]


async def test_one_of_eight_makes_it(lab: Lab) -> None:
    async def make(name: str) -> int:
        body = {"metadata": {"name": "new"}, "spec": {"holderIdentity": name}}
        return (await lab.ask(_LEASES, "POST", body)).status

    assert sorted(await asyncio.gather(*(make(str(each)) for each in range(_CONTENDERS)))) == [201, *[409] * 7]


async def test_an_update_names_the_version_it_replaces(lab: Lab) -> None:
    made = (await lab.ask(_LEASES, "POST", {"metadata": {"name": "stampdeck"}, "spec": {}})).json
    blind = {"metadata": {"name": "stampdeck"}, "spec": {"holderIdentity": "ada"}}
    refused = await lab.ask(f"{_LEASES}/stampdeck", "PUT", blind)
    assert (refused.status, refused.json["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    gone = await lab.ask(
        f"{_LEASES}/stampdeck", "DELETE", {"preconditions": {"resourceVersion": made["metadata"]["resourceVersion"]}}
    )
    assert gone.status == 200
