"""The fleet as one value: settled numbers, failures that stay where they are, recovery, the timeline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backends.errors import Forbidden, NotFound, Throttled, Unauthorized
from backends.model.fleet import Severity, VerdictLevel
from backends.model.health import Health
from backends.operations.fleet import Fleet
from tests.support.clock import ManualClock
from tests.support.fakes import (
    DAEMONSET_COLUMNS,
    DEPLOYMENT_COLUMNS,
    EVENT_COLUMNS,
    NODE_COLUMNS,
    POD_COLUMNS,
    FakeCluster,
    FakeProbe,
    a_row,
    columns,
    refused,
)


@asynccontextmanager
async def running(fleet: Fleet, clock: ManualClock) -> AsyncIterator[Fleet]:
    task = asyncio.create_task(fleet.run())
    await clock.settle()
    try:
        yield fleet
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def a_cluster(name: str, clock: ManualClock) -> FakeCluster:
    """A stamp with two nodes, two pods, one deployment, and metrics."""
    cluster = FakeCluster(name)
    for kind, cols in {
        "nodes": NODE_COLUMNS,
        "pods": POD_COLUMNS,
        "deployments.apps": DEPLOYMENT_COLUMNS,
        "statefulsets.apps": columns("Name", "Ready", "Age"),
        "daemonsets.apps": DAEMONSET_COLUMNS,
        "horizontalpodautoscalers": columns("Name"),
    }.items():
        cluster.reflection(kind).store.set_columns(cols)
    warnings = cluster.reflection("events", field_selector="type=Warning")
    warnings.store.set_columns(EVENT_COLUMNS)
    warnings.live(clock.now())
    cluster.reflection("nodes").live(
        clock.now(),
        a_row(name, "node-0", "Ready", "agent", "5d", "v1.20.2", namespace=""),
        a_row(name, "node-1", "Ready,SchedulingDisabled", "agent", "5d", "v1.20.2", namespace=""),
    )
    cluster.reflection("pods").live(
        clock.now(),
        a_row(name, "web-0", "1/1", "Running", 0, "5d", "10.0.0.1", "node-0"),
        a_row(name, "web-1", "0/1", "CrashLoopBackOff", "7 (3m ago)", "5d", "10.0.0.2", "node-0"),
    )
    cluster.reflection("deployments.apps").live(
        clock.now(), a_row(name, "web", "1/2", 2, 1, "5d", "web", "registry/web:v1", "app=web")
    )
    cluster.reflection("statefulsets.apps").live(clock.now())
    cluster.reflection("daemonsets.apps").live(clock.now(), a_row(name, "proxy", 2, 2, 2, 2, 2, "<none>", "5d"))
    cluster.reflection("horizontalpodautoscalers").live(clock.now())
    cluster.usage_of_nodes = {"node-0": (500, 2**30), "node-1": (900, 2**30)}
    cluster.allocatable = {"node-0": (2000, 8 * 2**30)}
    return cluster


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def settle(fleet: Fleet, clock: ManualClock, timeout_s: float = 30.0) -> None:
    """Let the fleet settle while the manual clock moves."""
    task = asyncio.create_task(fleet.settled(timeout_s))
    await clock.until(task.done)
    await task


async def test_numbers_of_every_stamp_once_every_source_has_answered(clock: ManualClock) -> None:
    clusters = {name: a_cluster(name, clock) for name in ("orlando", "seattle")}
    probes = {name: FakeProbe(clock) for name in clusters}
    async with running(Fleet(clusters, probes, clock), clock) as fleet:
        await settle(fleet, clock)
        snapshot = fleet.state.value
        assert [stamp.name for stamp in snapshot.stamps] == ["orlando", "seattle"]
        assert snapshot.verdict.level is VerdictLevel.UP
        assert snapshot.verdict.text == "the service is up on 2 of 2 stamps"
        orlando = snapshot.stamp("orlando")
        assert orlando.api.health is Health.LIVE
        assert orlando.kubernetes_version == "v1.20.2"
        assert (orlando.nodes_ready, orlando.nodes_total, orlando.nodes_cordoned) == (2, 2, 1)
        assert orlando.pods is not None
        assert (orlando.pods.total, orlando.pods.running, orlando.pods.failing) == (2, 1, 1)
        assert orlando.restarts_15m == 1  # the last of the seven was three minutes ago
        assert orlando.warnings_15m == 0
        assert (orlando.workloads_ready, orlando.workloads_total) == (1, 2)
        assert orlando.usage is not None
        assert orlando.usage.cpu_used_millicores == 500  # the cordoned node offers nothing
        assert orlando.usage.cpu_allocatable_millicores == 2000
        assert orlando.serves is True


async def test_before_the_first_answer_numbers_are_unknown_and_the_verdict_says_so(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    cluster.hang |= {"version", "node_usage"}
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await clock.advance(1)
        stamp = fleet.state.value.stamp("orlando")
        assert stamp.nodes_total is None
        assert stamp.pods is None
        assert stamp.restarts_15m is None
        assert stamp.sources["application"].health is Health.OFF
        assert fleet.state.value.verdict.level is VerdictLevel.UNKNOWN


async def test_a_dead_stamp_is_down_within_ten_seconds_and_keeps_its_numbers(clock: ManualClock) -> None:
    clusters = {name: a_cluster(name, clock) for name in ("orlando", "seattle")}
    async with running(Fleet(clusters, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        clusters["seattle"].failing["version"] = refused("seattle")
        died_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("seattle").api.health is Health.DOWN)
        assert clock.now() - died_at < 10
        seattle = fleet.state.value.stamp("seattle")
        assert seattle.api.reason == "connection refused"
        assert seattle.nodes_total == 2
        assert fleet.state.value.stamp("orlando").api.health is Health.LIVE
        assert "seattle: its API is DOWN (connection refused)" in fleet.state.value.verdict.text
        del clusters["seattle"].failing["version"]
        back_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("seattle").api.health is Health.LIVE)
        assert clock.now() - back_at < 10
        assert clusters["seattle"].reflection("pods").refreshed == 1
        texts = [entry.text for entry in fleet.timeline.read().items if entry.stamp == "seattle"]
        assert "API is down: connection refused" in texts
        assert texts[-1] == "API answers again"


async def test_usage_is_asked_for_as_soon_as_the_api_is_back(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        cluster.failing |= {"version": refused("orlando"), "node_usage": refused("orlando")}
        for _ in range(90):
            await clock.advance(1)
        stamp = fleet.state.value.stamp("orlando")
        assert (stamp.api.health, stamp.sources["metrics"].health) == (Health.DOWN, Health.DOWN)
        cluster.failing.clear()
        back_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("orlando").sources["metrics"].health is Health.LIVE)
        assert clock.now() - back_at < 10


async def test_metrics_that_were_served_once_are_looked_for_soon(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        cluster.failing["node_usage"] = NotFound("metrics.k8s.io", why="not served")
        for _ in range(120):
            await clock.advance(1)
        stamp = fleet.state.value.stamp("orlando")
        assert (stamp.sources["metrics"].health, stamp.api.health) == (Health.OFF, Health.LIVE)
        asked = cluster.calls.count(("node_usage",))
        await clock.advance(60)
        assert cluster.calls.count(("node_usage",)) - asked < 15
        cluster.failing.clear()
        back_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("orlando").sources["metrics"].health is Health.LIVE)
        assert clock.now() - back_at < 10


async def test_a_question_that_fails_after_the_api_came_back_is_asked_again_at_once(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    asked_late = asyncio.Event()

    async def late_refusal() -> dict[str, tuple[int, int]]:
        await asked_late.wait()
        raise Unauthorized("metrics", why="token expired")

    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        usual = cluster.node_usage
        cluster.failing["version"] = Unauthorized("the API", why="token expired")
        cluster.node_usage = late_refusal  # type: ignore[method-assign]
        await clock.until(lambda: fleet.state.value.stamp("orlando").api.health is Health.UNAUTHORIZED)
        fleet.refresh("orlando")  # usage is asked for while the credentials are refused
        await clock.advance(1)
        cluster.failing.clear()
        await clock.until(lambda: fleet.state.value.stamp("orlando").api.health is Health.LIVE)
        cluster.node_usage = usual  # type: ignore[method-assign]
        asked_late.set()  # the answer to the question of before
        await clock.advance(1)
        assert fleet.state.value.stamp("orlando").sources["metrics"].health is Health.LIVE


async def test_a_silent_api_is_down_within_ten_seconds(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        cluster.hang.add("version")
        died_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("orlando").api.health is Health.DOWN)
        assert clock.now() - died_at < 10
        assert "no answer for" in fleet.state.value.stamp("orlando").api.reason
        cluster.hang.remove("version")
        back_at = clock.now()
        await clock.until(lambda: fleet.state.value.stamp("orlando").api.health is Health.LIVE)
        assert clock.now() - back_at < 10


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (Unauthorized("the API", why="token expired"), Health.UNAUTHORIZED),
        (Forbidden("the API", why="no"), Health.FORBIDDEN),
        (Throttled("the API", why="too many", retry_after_s=7), Health.RETRYING),
        (ValueError("surprise"), Health.DOWN),
    ],
)
async def test_how_a_failure_is_called(clock: ManualClock, error: Exception, health: Health) -> None:
    cluster = a_cluster("orlando", clock)
    cluster.failing["version"] = error
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await clock.until(lambda: fleet.state.value.stamp("orlando").api.health is health)
        assert fleet.state.value.stamp("orlando").sources["nodes"].health is Health.LIVE


async def test_without_metrics_the_source_is_off_and_nothing_is_degraded(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    cluster.failing["node_usage"] = NotFound("metrics.k8s.io", why="not served")
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        stamp = fleet.state.value.stamp("orlando")
        assert stamp.sources["metrics"].health is Health.OFF
        assert stamp.usage is None
        assert stamp.api.health is Health.LIVE


async def test_settled_gives_up_when_time_is_up(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    cluster.reflections[("pods", None, "", "")].fail(Health.RETRYING, "connecting")
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        started = clock.now()
        await settle(fleet, clock, timeout_s=5)
        assert clock.now() - started == pytest.approx(5, abs=0.5)
        assert fleet.state.value.stamp("orlando").nodes_total == 2


async def test_one_application_down_degrades_the_service_with_its_reason(clock: ManualClock) -> None:
    clusters = {name: a_cluster(name, clock) for name in ("orlando", "seattle")}
    probes = {name: FakeProbe(clock) for name in clusters}
    async with running(Fleet(clusters, probes, clock), clock) as fleet:
        await settle(fleet, clock)
        probes["seattle"].reason = "connection refused"
        await clock.until(lambda: fleet.state.value.verdict.level is VerdictLevel.DEGRADED, limit_s=10)
        verdict = fleet.state.value.verdict
        assert verdict.text == ("the service is up on 1 of 2 stamps: seattle does not answer (connection refused)")
        await clock.until(lambda: fleet.state.value.stamp("seattle").application.health is Health.DOWN, limit_s=10)
        assert fleet.state.value.stamp("seattle").api.health is Health.LIVE
        entries = [entry for entry in fleet.timeline.read().items if entry.subject == "application"]
        assert entries[-1].severity is Severity.BAD
        assert entries[-1].stamp == "seattle"


async def test_changes_of_rows_reach_the_timeline_and_the_first_list_does_not(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        before = fleet.timeline.end
        assert all(entry.subject in ("api", "application") for entry in fleet.timeline.read().items)
        nodes, deployments = cluster.reflection("nodes").store, cluster.reflection("deployments.apps").store
        nodes.put(a_row("orlando", "node-0", "NotReady", "agent", "5d", "v1.20.2", namespace=""))
        deployments.put(a_row("orlando", "web", "0/2", 2, 0, "5d", "web", "registry/web:v2", "app=web"))
        cluster.reflection("events", field_selector="type=Warning").store.put(
            a_row("orlando", "5s", "Warning", "NodeNotReady", "node/node-0", "Node is not ready", "5s", 1, uid="e1")
        )
        await clock.advance(1)
        told = [(entry.subject, entry.text) for entry in fleet.timeline.read(before).items]
        assert told == [
            ("node/node-0", "node is not ready"),
            ("deployment/default/web", "rollout of registry/web:v2"),
            ("deployment/default/web", "0 of 2 ready"),
            ("node/node-0", "NodeNotReady: Node is not ready"),
        ]
        assert fleet.state.value.stamp("orlando").nodes_ready == 1
        assert fleet.state.value.stamp("orlando").warnings_15m == 1


async def test_a_storm_of_warnings_is_counted_but_does_not_flood(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        before = fleet.timeline.end
        events = cluster.reflection("events", field_selector="type=Warning").store
        for second in range(10):
            for number in range(100):
                name = f"pod/web-{second}-{number}"
                events.put(a_row("orlando", "0s", "Warning", f"R{number}", name, "x", "0s", 1, uid=name))
            await clock.advance(1)
        assert fleet.state.value.stamp("orlando").warnings_15m == 1000
        assert fleet.timeline.end - before < 100


async def test_refresh_reaches_every_source_of_the_named_stamp_only(clock: ManualClock) -> None:
    clusters = {name: a_cluster(name, clock) for name in ("orlando", "seattle")}
    async with running(Fleet(clusters, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        asked = [len(clusters[name].calls) for name in ("orlando", "seattle")]
        fleet.refresh("seattle")
        await clock.settle()
        assert clusters["seattle"].reflection("pods").refreshed == 1
        assert clusters["orlando"].reflection("pods").refreshed == 0
        assert [len(clusters[name].calls) for name in ("orlando", "seattle")] == [asked[0], asked[1] + 3]


async def test_leaving_releases_every_collection(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        assert all(reflection.readers == 1 for reflection in cluster.reflections.values())
    assert all(reflection.readers == 0 for reflection in cluster.reflections.values())


async def test_a_collection_that_cannot_be_opened_is_tried_again_and_hurts_nobody(clock: ManualClock) -> None:
    cluster = a_cluster("orlando", clock)
    cluster.failing["reflect"] = refused("orlando")
    async with running(Fleet({"orlando": cluster}, {}, clock), clock) as fleet:
        await clock.until(lambda: fleet.state.value.stamp("orlando").sources["nodes"].health is Health.DOWN)
        assert fleet.state.value.stamp("orlando").kubernetes_version == "v1.20.2"
        del cluster.failing["reflect"]
        await clock.until(lambda: fleet.state.value.stamp("orlando").nodes_total == 2)


async def test_a_defect_in_one_stamps_numbers_stops_neither_it_nor_another(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clusters = {name: a_cluster(name, clock) for name in ("orlando", "seattle")}
    async with running(Fleet(clusters, {}, clock), clock) as fleet:
        await settle(fleet, clock)
        monkeypatch.setattr(clusters["orlando"].meter, "per_minute", _fail)
        nodes = {name: clusters[name].reflection("nodes").store for name in clusters}
        for name, store in nodes.items():
            store.remove(f"{name}/-node-0")
        await clock.advance(1)
        assert fleet.state.value.stamp("seattle").nodes_total == 1
        assert fleet.state.value.stamp("orlando").nodes_total == 2
        monkeypatch.setattr(clusters["orlando"].meter, "per_minute", lambda: 0)
        await clock.advance(6)
        assert fleet.state.value.stamp("orlando").nodes_total == 1


def _fail() -> int:
    raise ValueError("surprise")
