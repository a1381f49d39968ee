"""The fleet against the lab over real sockets: numbers, four ways to lose a stamp, and coming back."""

from __future__ import annotations

from backends.model.fleet import Severity, StampSnapshot, VerdictLevel
from backends.model.health import Health
from tests.operations.conftest import OnLab
from tests.support.waiting import until

LIMIT_S = 10
"""A stamp that is lost is told, and one that is back is live again, within ten seconds."""
FAULTS = {"api-down": Health.DOWN, "link-black-hole": Health.DOWN, "token-revoked": Health.UNAUTHORIZED}


async def test_two_stamps_settle_with_all_their_numbers(two_stamps: OnLab) -> None:
    fleet = two_stamps.services.fleet
    snapshot = await fleet.settled(20)
    assert [stamp.name for stamp in snapshot.stamps] == ["orlando", "seattle"]
    assert snapshot.verdict.level is VerdictLevel.UP
    for stamp in snapshot.stamps:
        assert {state.health for state in stamp.sources.values()} == {Health.LIVE}
        assert stamp.kubernetes_version.startswith("v1.")
        assert stamp.nodes_total and stamp.nodes_ready == stamp.nodes_total
        # A pod of the CronJob may just be starting, or be done.
        assert stamp.pods
        assert stamp.pods.running + stamp.pods.pending + stamp.pods.finished == stamp.pods.total
        assert stamp.pods.running > 10
        assert stamp.workloads_total and stamp.workloads_ready == stamp.workloads_total
        assert stamp.usage and 0 < stamp.usage.cpu_used_millicores < stamp.usage.cpu_allocatable_millicores
        assert stamp.serves is True


async def test_lost_stamps_are_told_and_come_back_soon(four_stamps: OnLab) -> None:
    fleet, lab = four_stamps.services.fleet, four_stamps.lab
    before = await fleet.settled(20)
    well, *ill = four_stamps.names
    expected = dict(zip(ill, FAULTS.items(), strict=True))

    def stamp(name: str) -> StampSnapshot:
        return fleet.state.value.stamp(name)

    for name, (fault, _) in expected.items():
        lab.boards[name].set(fault)
    await until(lambda: all(stamp(name).api.health is health for name, (_, health) in expected.items()), LIMIT_S)
    for name in ill:
        assert stamp(name).api.reason
        assert stamp(name).nodes_total == before.stamp(name).nodes_total  # kept, and ageing
        assert stamp(name).pods == before.stamp(name).pods
    assert stamp(well).api.health is Health.LIVE
    for name in ill:
        lab.boards[name].clear()
    await until(lambda: all(stamp(name).api.health is Health.LIVE for name in ill), LIMIT_S)
    told = [entry for entry in fleet.timeline.read().items if entry.subject == "api" and entry.stamp in ill]
    assert {entry.stamp for entry in told if entry.severity is Severity.BAD} == set(ill)
    assert {entry.stamp for entry in told if entry.severity is Severity.GOOD} == set(ill)


async def test_a_node_that_falls_silent_is_counted_and_told(quick_stamps: OnLab) -> None:
    fleet, lab = quick_stamps.services.fleet, quick_stamps.lab
    before = await fleet.settled(20)
    lab.boards["orlando"].set("node-notready")
    total = before.stamp("orlando").nodes_total
    assert total is not None
    await until(lambda: fleet.state.value.stamp("orlando").nodes_ready == total - 1, 15)
    assert fleet.state.value.stamp("seattle").nodes_ready == total
    lab.boards["orlando"].clear()
    await until(lambda: fleet.state.value.stamp("orlando").nodes_ready == total, 15)
    texts = [entry.text for entry in fleet.timeline.read().items if entry.subject.startswith("node/")]
    assert "node is not ready" in texts
    assert texts[-1] == "node is ready"


async def test_an_application_that_fails_degrades_the_service_but_no_cluster(two_stamps: OnLab) -> None:
    fleet, lab = two_stamps.services.fleet, two_stamps.lab
    await fleet.settled(20)
    lab.boards["seattle"].set("app-error")
    await until(lambda: fleet.state.value.verdict.level is VerdictLevel.DEGRADED, 10)
    assert fleet.state.value.verdict.text.startswith("the service is up on 1 of 2 stamps: seattle ")
    assert fleet.state.value.stamp("seattle").api.health is Health.LIVE


async def test_restarts_and_warnings_of_a_crash_loop_are_counted(quick_stamps: OnLab) -> None:
    fleet, lab = quick_stamps.services.fleet, quick_stamps.lab
    await fleet.settled(20)
    lab.boards["orlando"].set("pods-crashloop", "ratings-api")

    def seen() -> bool:
        stamp = fleet.state.value.stamp("orlando")
        return bool(stamp.restarts_15m and stamp.warnings_15m and stamp.pods and stamp.pods.failing)

    await until(seen, 15)
    assert not fleet.state.value.stamp("seattle").restarts_15m
