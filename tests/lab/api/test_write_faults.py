"""Faults that only writes meet, and that reads, dry runs and questions pass."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from backends.lab.faults import parse_count, refuse_argument
from tests.lab.api.support import Lab, config_map, pod
from tests.lab.api.test_writing import MAPS, PODS

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_QUESTION = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}


async def test_the_next_writes_conflict(lab: Lab) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    lab.faults.set("conflict-409", "2")
    answers = [await lab.patch(f"{MAPS}/a", {"data": {"x": str(each)}}) for each in range(3)]
    assert [each.status for each in answers] == [409, 409, 200]
    assert answers[0].json["message"] == (
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to '
        "the latest version and try again"
    )
    assert lab.faults.current == ()


async def test_a_conflict_can_be_kept_for_one_resource(lab: Lab) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    lab.faults.set("conflict-409", "secrets:1")
    assert (await lab.patch(f"{MAPS}/a", {"data": {"x": "1"}})).status == 200
    assert lab.faults.active("conflict-409") is not None


async def test_locks_are_spared_unless_named(lab: Lab) -> None:
    await lab.ask(_LEASES, "POST", {"metadata": {"name": "lock"}, "spec": {}})
    lab.faults.set("conflict-409")
    assert (await lab.patch(f"{_LEASES}/lock", {"spec": {"holderIdentity": "ada"}})).status == 200
    lab.faults.set("conflict-409", "leases")
    assert (await lab.patch(f"{_LEASES}/lock", {"spec": {"holderIdentity": "bob"}})).status == 409


async def test_dry_runs_and_questions_pass(lab: Lab) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    for fault in ("conflict-409", "write-down", "eviction-429"):
        lab.faults.set(fault)
    lab.store.create("pods", pod("web-0"))
    assert (await lab.ask(f"{MAPS}/a?dryRun=All", "DELETE")).status == 200
    assert (await lab.ask(f"{MAPS}/a", "DELETE", {"dryRun": ["All"]})).status == 200
    assert (await lab.ask(_REVIEWS, "POST", _QUESTION)).status == 201
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-0"}}
    assert (await lab.ask(f"{PODS}/web-0/eviction?dryRun=All", "POST", body)).status == 201


async def test_writes_fail_while_reads_work(lab: Lab) -> None:
    lab.faults.set("write-down")
    refused = await lab.ask(MAPS, "POST", config_map("a"))
    assert (refused.status, refused.json["message"]) == (500, "etcdserver: mvcc: database space exceeded")
    assert (await lab.ask(MAPS)).json["items"] == []
    lab.faults.clear()
    assert (await lab.ask(MAPS, "POST", config_map("a"))).status == 201


async def test_evictions_are_refused(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    lab.faults.set("eviction-429", "1")
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-0"}}
    refused = await lab.ask(f"{PODS}/web-0/eviction", "POST", body)
    assert (refused.status, refused.json["details"]["causes"][0]["reason"]) == (429, "DisruptionBudget")
    assert (await lab.ask(f"{PODS}/web-0/eviction", "POST", body)).status == 201


async def test_an_answer_is_lost_but_the_write_is_not(lab: Lab) -> None:
    lab.faults.set("answer-lost")
    with pytest.raises(aiohttp.ClientError):
        await lab.ask(MAPS, "POST", config_map("a"))
    assert (await lab.ask(f"{MAPS}/a")).status == 200


async def test_the_api_dies_after_some_writes(lab: Lab) -> None:
    lab.faults.set("api-dies-after", "2")
    assert (await lab.ask(MAPS, "POST", config_map("a"))).status == 201
    assert (await lab.ask(MAPS, "POST", config_map("b"))).status == 201
    async with asyncio.timeout(5):
        while lab.faults.active("api-down") is None:
            await asyncio.sleep(0.01)
    lab.faults.clear()
    async with asyncio.timeout(5):
        while True:
            try:
                names = [each["metadata"]["name"] for each in (await lab.ask(MAPS)).json["items"]]
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)
    assert names == ["a", "b"]


async def test_slow_writes_are_carried_out(lab: Lab) -> None:
    lab.faults.set("write-slow", "0.05")
    assert (await lab.ask(MAPS, "POST", config_map("a"))).status == 201


@pytest.mark.parametrize(
    ("argument", "found"),
    [("", ("", None)), ("3", ("", 3)), ("deployments", ("deployments", None)), ("deployments:2", ("deployments", 2))],
)
def test_counts(argument: str, found: tuple[str, int | None]) -> None:
    assert parse_count(argument) == found


@pytest.mark.parametrize(
    ("name", "argument", "words"),
    [
        ("conflict-409", "0", "'0' is no number of writes: it is 1 or more"),
        ("conflict-409", "pods:x", "'x' is no number of writes"),
        ("write-slow", "soon", "'soon' is no number of seconds"),
        ("api-dies-after", "5", ""),
        ("node-gone", "anything", ""),
    ],
)
def test_values_are_checked(name: str, argument: str, words: str) -> None:
    assert words in refuse_argument(name, argument)
