"""The team lock on a real API: one winner of many, with an API dead, a holder lost, and clocks that disagree."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.clock import Clock, SystemClock
from backends.errors import Refused
from backends.kubernetes import Cluster
from backends.model.journal import Author
from backends.model.stamp import ClusterAccess, Stamp
from backends.operations.held_lock import TeamHeldLock
from backends.operations.team_lock import TeamLock
from tests.contract.subject import Subject
from tests.support.control_plane import free_ports
from tests.support.peers import require_kubectl
from tests.support.waiting import eventually


class SkewedClock(SystemClock):
    """A machine whose wall clock is wrong."""

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s

    def now(self) -> float:
        return super().now() + self._ahead_s


@dataclass(frozen=True, slots=True)
class Fleet:
    """The stamps a console knows: by name, the kubeconfig and its context."""

    stamps: dict[str, tuple[Path, str]]
    namespace: str

    @asynccontextmanager
    async def console(
        self, person: str, *, clock: Clock | None = None, duration_s: float = 30.0
    ) -> AsyncIterator[TeamLock]:
        """Open a console's own connections, and its lock over them."""
        clock = clock or SystemClock()
        async with AsyncExitStack() as stack:
            clusters = {}
            for name, (kubeconfig, context) in self.stamps.items():
                stamp = Stamp(name, ClusterAccess(kubeconfig, context, requests_per_second=200.0))
                clusters[name] = await stack.enter_async_context(Cluster(stamp, clock))
            author = Author(person, "bastion", f"process of {person}")
            yield TeamLock(clusters, author, clock, namespace=self.namespace, duration_s=duration_s)


@pytest.fixture
def fleet(subject: Subject, namespace: str) -> Fleet:
    """A fleet of the one API under contract."""
    return Fleet({"orlando": (subject.kubeconfig, "admin")}, namespace)


@pytest.fixture
def fleet_with_a_dead_api(fleet: Fleet, tmp_path: Path) -> Fleet:
    """The stamp whose lock it is does not listen; the API under contract is the other one's."""
    (port,) = free_ports(1)
    kubeconfig = tmp_path / "dead"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(
        f"clusters: [{{name: d, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n"
        "users: [{name: d, user: {}}]\n"
        "contexts: [{name: dead, context: {cluster: d, user: d}}]\n"
    )
    return Fleet({"orlando": (kubeconfig, "dead"), "seattle": fleet.stamps["orlando"]}, fleet.namespace)


async def _race(consoles: Sequence[TeamLock], operation: str) -> TeamHeldLock:
    """Let all try at once and hold until all have tried; return the only winner's lock."""
    async with AsyncExitStack() as stack:
        tries = [stack.enter_async_context(each.hold("orlando", "drain node-0", operation)) for each in consoles]
        results = await asyncio.gather(*tries, return_exceptions=True)
        winners = [each for each in results if isinstance(each, TeamHeldLock)]
        refused = [each for each in results if isinstance(each, Refused)]
        assert (len(winners), len(refused)) == (1, len(consoles) - 1), [str(each) for each in results]
        assert all(f"/{operation} holds it for" in each.why for each in refused)
    return winners[0]


async def test_of_eight_contenders_exactly_one_wins_each_of_twenty_rounds(fleet: Fleet) -> None:
    async with AsyncExitStack() as stack:
        consoles = [await stack.enter_async_context(fleet.console(f"person-{n}")) for n in range(8)]
        for number in range(20):
            await _race(consoles, f"round-{number:02}")
        assert (await consoles[0].holders())["orlando"] is None


async def test_of_eight_contenders_exactly_one_wins_when_the_stamps_own_api_is_dead(
    fleet_with_a_dead_api: Fleet,
) -> None:
    async with AsyncExitStack() as stack:
        consoles = [await stack.enter_async_context(fleet_with_a_dead_api.console(f"person-{n}")) for n in range(8)]
        for number in range(20):
            winner = await _race(consoles, f"round-{number:02}")
            assert tuple(winner.held_on) == ("seattle",)
            assert "refused" in winner.not_asked["orlando"]


async def test_it_is_renewed_and_a_lost_holder_is_taken_over(fleet: Fleet, cluster: Cluster) -> None:
    """Both clocks are wrong by hours; neither console trusts them."""
    async with (
        fleet.console("ada", clock=SkewedClock(-7200), duration_s=6.0) as ada,
        fleet.console("bob", clock=SkewedClock(+7200), duration_s=6.0) as bob,
    ):
        lost = asyncio.Event()

        async def work() -> None:
            async with ada.hold("orlando", "drain node-0", "0a1b2c3d"):
                await lost.wait()

        working = asyncio.create_task(work())
        first = await eventually(lambda: _renewed(cluster, fleet.namespace))

        async def was_renewed() -> bool:
            return await _renewed(cluster, fleet.namespace) != first

        await eventually(was_renewed)
        with pytest.raises(Refused, match="is alive"):
            await bob.take_over("orlando", "ada@bastion/0a1b2c3d")
        assert not working.done()
        lost.set()
        await working
        # What a console that dies leaves behind: a Lease that names it and that nobody renews.
        lease = await cluster.get("leases", "stampdeck-orlando", fleet.namespace)
        lease["spec"]["holderIdentity"] = "eve@bastion/ffff"
        lease["metadata"]["annotations"].pop("stampdeck/released")
        await cluster.replace("leases", "stampdeck-orlando", lease)
        with pytest.raises(Refused, match="type eve@bastion/ffff"):
            await bob.take_over("orlando", "ada@bastion/0a1b2c3d")
        taken = await bob.take_over("orlando", "eve@bastion/ffff")
        assert taken.cleared_on == ("orlando",)
        async with ada.hold("orlando", "scale web", "again"):
            pass


async def test_a_deleted_or_changed_lease_is_held_on(fleet: Fleet, cluster: Cluster) -> None:
    async with fleet.console("ada", duration_s=6.0) as ada, ada.hold("orlando", "drain node-0", "0a1b2c3d") as held:
        before = await cluster.get("leases", "stampdeck-orlando", fleet.namespace)
        await cluster.patch(
            "leases", "stampdeck-orlando", [{"op": "add", "path": "/metadata/labels/by", "value": "somebody"}],
            namespace=fleet.namespace, patch="application/json-patch+json",
        )  # fmt: skip

        async def was_renewed() -> bool:
            return await _renewed(cluster, fleet.namespace) != str(before["spec"]["renewTime"])

        await eventually(was_renewed)
        await cluster.delete("leases", "stampdeck-orlando", namespace=fleet.namespace)
        await eventually(lambda: _renewed(cluster, fleet.namespace))
        assert not held.lost


@pytest.mark.kubectl
async def test_plain_kubectl_shows_who_holds_it(fleet: Fleet, subject: Subject) -> None:
    kubectl = str(require_kubectl())
    command = [kubectl, f"--kubeconfig={subject.kubeconfig}", "--context=admin", f"--namespace={fleet.namespace}"]
    async with fleet.console("ada") as ada, ada.hold("orlando", "drain node-0", "0a1b2c3d"):
        shown = await asyncio.to_thread(
            subprocess.run, [*command, "get", "lease"], capture_output=True, text=True, timeout=30, check=True
        )
    assert "stampdeck-orlando   ada@bastion/0a1b2c3d" in shown.stdout


async def _renewed(cluster: Cluster, namespace: str) -> str:
    """Return when the Lease was renewed, by its own word; empty while there is none."""
    for lease in await cluster.list_objects("leases", namespace=namespace):
        if lease["metadata"]["name"] == "stampdeck-orlando":
            return str(lease["spec"].get("renewTime") or "")
    return ""
