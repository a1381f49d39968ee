"""Logs of pods and workloads on several stamps: order, resuming, replaced pods, ends, and states."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from backends.errors import Invalid, UsageError
from backends.model.age import parse_time
from backends.model.health import Health
from backends.model.logs import LogLine
from backends.model.table import Row
from backends.operations.log_follower import LogFollower
from backends.operations.log_stamp import GONE_REMEMBERED
from backends.operations.log_target import LogTarget, parse_target
from backends.operations.logs import LogQuery, Logs, LogStream
from tests.support.clock import ManualClock
from tests.support.fakes import POD_COLUMNS, FakeCluster, FakeReflection, LogScript, a_row, refused


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def line(stamp: str, pod: str, second: float, text: str, nanos: str = "000000000") -> LogLine:
    timestamp = f"2026-11-23T14:00:{int(second):02d}.{nanos}Z"
    return LogLine(parse_time(timestamp), stamp, "default", pod, "web", text, timestamp)


def with_pods(cluster: FakeCluster, clock: ManualClock, *pods: str) -> FakeReflection:
    """A stamp with the deployment `web` and these running pods of it."""
    cluster.objects["deployment", "default", "web"] = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    reflection = cluster.reflection("pods", "default", "app=web")
    reflection.store.set_columns(POD_COLUMNS)
    reflection.live(clock.now(), *(add_pod(cluster, pod, uid=pod) for pod in pods))
    return reflection


def add_pod(cluster: FakeCluster, pod: str, *, uid: str, status: str = "Running") -> Row:
    cluster.objects["pods", "default", pod] = {"spec": {"containers": [{"name": "web"}]}}
    return a_row(cluster.stamp.name, pod, "1/1", status, 0, "5d", "", "", uid=uid)


def texts(stream: LogStream) -> Sequence[str]:
    return [each.text for each in stream.lines.read().items]


WEB = LogQuery(("orlando",), "default", "deployment/web")


async def test_lines_of_two_stamps_come_in_the_order_of_their_time(clock: ManualClock) -> None:
    clusters = {name: FakeCluster(name) for name in ("orlando", "seattle")}
    scripts = {name: LogScript() for name in clusters}
    for name, cluster in clusters.items():
        with_pods(cluster, clock, "web-0")
        cluster.log_scripts["web-0", "web"] = [scripts[name]]
    query = LogQuery(("orlando", "seattle"), "default", "deployment/web", tail_lines=10)
    async with Logs(clusters, clock).open(query) as stream:
        await clock.advance(3)
        scripts["seattle"].feed(line("seattle", "web-0", 2, "second"), line("seattle", "web-0", 4, "fourth"))
        await clock.advance(0.1)
        scripts["orlando"].feed(line("orlando", "web-0", 1, "first"), line("orlando", "web-0", 3, "third"))
        await clock.advance(1)
        assert texts(stream) == ["first", "second", "third", "fourth"]
        assert {state.health for state in stream.states.values()} == {Health.LIVE}
        assert clusters["orlando"].log_requests[0].tail_lines == 10


async def test_a_broken_link_is_resumed_without_a_line_twice_or_lost(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    first, again = LogScript(), LogScript()
    cluster.log_scripts["web-0", "web"] = [first, again]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(3)
        first.feed(line("orlando", "web-0", 1, "a"), line("orlando", "web-0", 1, "b"), line("orlando", "web-0", 2, "c"))
        first.feed(line("orlando", "web-0", 2, "d"))
        await clock.settle()
        first.fail(refused("orlando"))
        await clock.advance(0.4)
        assert stream.states["orlando"] == replace(stream.states["orlando"], health=Health.RETRYING)
        assert stream.states["orlando"].reason == "connection refused"
        again.feed(line("orlando", "web-0", 2, "c"), line("orlando", "web-0", 2, "d"), line("orlando", "web-0", 2, "e"))
        again.feed(line("orlando", "web-0", 3, "f"))
        await clock.advance(5)
        assert texts(stream) == ["a", "b", "c", "d", "e", "f"]
        assert cluster.log_requests[1].since_time == "2026-11-23T14:00:02.000000000Z"
        assert cluster.log_requests[1].tail_lines is None
        assert stream.states["orlando"].health is Health.LIVE


async def test_a_replaced_pod_is_followed_from_its_first_line(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    pods = with_pods(cluster, clock, "web-0")
    old, new = LogScript(), LogScript([line("orlando", "web-1", 5, "new")])
    cluster.log_scripts["web-0", "web"] = [old]
    cluster.log_scripts["web-1", "web"] = [new]
    async with Logs({"orlando": cluster}, clock).open(
        LogQuery(("orlando",), "default", "deployment/web", tail_lines=0)
    ) as stream:
        await clock.advance(3)
        pods.store.put(add_pod(cluster, "web-1", uid="web-1"))
        pods.store.remove("orlando/web-0")
        old.feed(line("orlando", "web-0", 4, "bye"))
        old.end()
        await clock.advance(3)
        assert texts(stream) == ["bye", "new"]
        assert [(each.pod, each.tail_lines) for each in cluster.log_requests] == [("web-0", 0), ("web-1", None)]


async def test_pods_that_come_and_go_for_days_are_not_remembered_for_ever(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    pods = with_pods(cluster, clock, "web-0")
    cluster.log_scripts["web-0", "web"] = [LogScript()]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(3)
        for number in range(1, 3 * GONE_REMEMBERED):
            name = f"web-{number}"
            script = LogScript([line("orlando", name, number % 60, name)])
            script.end()
            cluster.log_scripts[name, "web"] = [script]
            pods.store.put(add_pod(cluster, name, uid=name, status="Completed"))
            await clock.advance(0.5)
            pods.store.remove(f"orlando/{name}")
            await clock.advance(0.5)
        await clock.advance(3)
        assert len(texts(stream)) == 3 * GONE_REMEMBERED - 1, "each was read"
        gc.collect()  # what waits to be collected, of other tests too, is not remembered
        followers = sum(isinstance(each, LogFollower) for each in gc.get_objects())
        assert followers <= GONE_REMEMBERED + 2


async def test_a_successor_of_the_same_name_is_not_read_twice(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    pods = with_pods(cluster, clock, "db-0")
    old, new = LogScript([line("orlando", "db-0", 1, "old")]), LogScript([line("orlando", "db-0", 9, "new")])
    cluster.log_scripts["db-0", "web"] = [old, new]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(3)
        old.fail(refused("orlando"))
        await clock.settle()
        pods.store.remove("orlando/db-0")
        pods.store.put(add_pod(cluster, "db-0", uid="db-0-second"))
        await clock.advance(10)
        assert texts(stream) == ["old", "new"]
        assert len(cluster.log_requests) == 2


async def test_a_restarted_container_is_read_on(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    first, again = LogScript([line("orlando", "web-0", 1, "a")]), LogScript([line("orlando", "web-0", 2, "b")])
    cluster.log_scripts["web-0", "web"] = [first, again]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(1)
        first.end()
        await clock.advance(3)
        assert texts(stream) == ["a", "b"]


async def test_without_follow_everything_is_read_once_and_the_stream_ends(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0", "web-1")
    for pod in ("web-0", "web-1"):
        cluster.log_scripts[pod, "web"] = [LogScript([line("orlando", pod, 1, f"of {pod}")])]
    query = LogQuery(("orlando",), "default", "app=web", follow=False)
    async with Logs({"orlando": cluster}, clock).open(query) as stream:
        await clock.until(lambda: stream.ended, limit_s=5)
        assert sorted(texts(stream)) == ["of web-0", "of web-1"]
        assert stream.states["orlando"].health is Health.OFF


async def test_without_follow_a_dead_stamp_ends_too_with_its_reason(clock: ManualClock) -> None:
    clusters = {name: FakeCluster(name) for name in ("orlando", "seattle")}
    with_pods(clusters["orlando"], clock, "web-0")
    clusters["orlando"].log_scripts["web-0", "web"] = [LogScript([line("orlando", "web-0", 1, "here")])]
    clusters["seattle"].failing["get"] = refused("seattle")
    query = LogQuery(("orlando", "seattle"), "default", "deployment/web", follow=False)
    async with Logs(clusters, clock).open(query) as stream:
        await clock.until(lambda: stream.ended, limit_s=20)
        assert texts(stream) == ["here"]
        assert stream.states["seattle"].health is Health.DOWN
        assert stream.states["seattle"].reason == "connection refused"


async def test_previous_says_why_there_is_nothing(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    cluster.failing["logs"] = Invalid("the log", why="previous terminated container not found")
    query = LogQuery(("orlando",), "default", "deployment/web", previous=True)
    async with Logs({"orlando": cluster}, clock).open(query) as stream:
        await clock.until(lambda: stream.ended, limit_s=20)
        assert stream.states["orlando"].reason == "previous terminated container not found"


async def test_a_container_still_being_created_is_waited_for(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    cluster.failing["logs"] = Invalid("the log", why="container is waiting to start: ContainerCreating")
    cluster.log_scripts["web-0", "web"] = [LogScript([line("orlando", "web-0", 1, "up")])]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(2)
        assert stream.states["orlando"].health is Health.LIVE
        assert "waiting to start" in stream.states["orlando"].reason
        del cluster.failing["logs"]
        await clock.advance(5)
        assert texts(stream) == ["up"]


async def test_a_target_that_is_not_there_is_said_and_found_when_it_comes(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(1)
        assert stream.states["orlando"].health is Health.OFF
        with_pods(cluster, clock, "web-0")
        cluster.log_scripts["web-0", "web"] = [LogScript([line("orlando", "web-0", 1, "up")])]
        await clock.advance(15)
        assert texts(stream) == ["up"]


async def test_a_flood_keeps_its_order_and_is_bounded(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    script = LogScript()
    cluster.log_scripts["web-0", "web"] = [script]
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(3)
        for number in range(60):
            script.feed(*(line("orlando", "web-0", number, f"{number}-{index}") for index in range(2000)))
            await clock.advance(0.2)
        await clock.advance(1)
        batch = stream.lines.read()
        assert batch.lost == 20_000
        assert batch.items[-1].text == "59-1999"
        assert [each.at for each in batch.items] == sorted(each.at for each in batch.items)


async def test_an_error_nobody_expects_ends_neither_the_stream_nor_another_stamp(clock: ManualClock) -> None:
    cluster = FakeCluster("orlando")
    with_pods(cluster, clock, "web-0")
    cluster.failing["logs"] = RuntimeError("surprise")
    async with Logs({"orlando": cluster}, clock).open(WEB) as stream:
        await clock.advance(3)
        assert stream.states["orlando"].health is Health.DOWN
        assert "RuntimeError: surprise" in stream.states["orlando"].reason
        del cluster.failing["logs"]
        cluster.log_scripts["web-0", "web"] = [LogScript([line("orlando", "web-0", 1, "up")])]
        await clock.advance(15)
        assert texts(stream) == ["up"]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("pod/web-0", LogTarget("pods", "web-0")),
        ("po/web-0", LogTarget("pods", "web-0")),
        ("web-0", LogTarget("pods", "web-0")),
        ("Deployment/web", LogTarget("deployment", "web")),
        ("deployments.apps/web", LogTarget("deployments.apps", "web")),
        ("app=web,tier!=db", LogTarget(selector="app=web,tier!=db")),
        ("app in (a, b)", LogTarget(selector="app in (a, b)")),
    ],
)
def test_targets(text: str, target: LogTarget) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["", "pod/", "a b", "///"])
async def test_what_is_no_target_is_refused_at_once(text: str, clock: ManualClock) -> None:
    with pytest.raises(UsageError, match="cannot read logs"):
        async with Logs({"orlando": FakeCluster("orlando")}, clock).open(LogQuery(("orlando",), "default", text)):
            pass
