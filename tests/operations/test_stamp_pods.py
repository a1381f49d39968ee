"""Pods of a stamp: watched while they are few or a view has them, else counted, and every number says how old it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.model.fleet import PodCounts
from backends.model.health import Health
from backends.model.stamp import ClusterAccess, Stamp
from backends.model.table import CellValue, PrintedPage
from backends.operations.pod_census import SETTLED, UNSETTLED
from backends.operations.stamp_pods import StampPods
from tests.support.clock import ManualClock
from tests.support.fakes import CONNECTING, POD_COLUMNS, FakeCluster, FakeReflection, a_row, refused

Line = tuple[CellValue, ...]
LIMIT = 10


def line(name: str, status: str = "Running", ready: str = "1/1", restarts: CellValue = 0, age: str = "5d") -> Line:
    return (name, ready, status, restarts, age, f"10.0.0.{len(name)}", "node-0")


class Pods:
    """The pods of a fake stamp under test, on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        access = ClusterAccess(Path("nowhere"), "orlando", watch_pods_up_to=LIMIT)
        self.cluster = FakeCluster(Stamp("orlando", access))
        self.all = self._reflection("")
        self.unsettled = self._reflection(UNSETTLED)
        self.source = StampPods(self.cluster, self.clock)

    def _reflection(self, selector: str) -> FakeReflection:
        found = self.cluster.reflection("pods", field_selector=selector)
        found.store.set_columns(POD_COLUMNS)
        return found

    def print_pods(self, *pages: Sequence[Line]) -> None:
        """What the server prints of the pods that are settled."""
        self.cluster.pages = [PrintedPage(POD_COLUMNS, page) for page in pages]

    @property
    def passes(self) -> int:
        """How many pages were asked for."""
        return self.cluster.calls.count(("printed", "pods", SETTLED))

    async def pass_s(self, seconds: float) -> None:
        """Let time pass, folding as a stamp's watch does."""
        for _ in range(int(seconds * 4)):
            await self.clock.advance(0.25)
            await self.source.fold(self.clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.source.run())
        await self.pass_s(1)
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.fixture
def pods() -> Pods:
    return Pods()


async def test_few_pods_are_watched(pods: Pods) -> None:
    pods.all.live(pods.clock.now(), a_row("orlando", "web-0", "1/1", "Running", 0, "5d", "10.0.0.1", "node-0"))
    async with pods.running():
        assert pods.source.counts() == PodCounts(total=1, running=1)
        assert pods.source.counted_at is None
        assert pods.source.state.health is Health.LIVE
        assert (pods.all.readers, pods.unsettled.readers, pods.passes) == (1, 0, 0)
    assert pods.all.readers == 0


async def test_many_pods_are_counted_and_only_the_unsettled_watched(pods: Pods) -> None:
    pods.cluster.counted = 12
    pods.print_pods(
        [line(f"web-{number}") for number in range(9)], [line("done", "Completed", "0/1"), line("sick", ready="0/1")]
    )
    pods.unsettled.live(pods.clock.now(), a_row("orlando", "new", "0/1", "Pending", 0, "1s", "<none>", "<none>"))
    began = pods.clock.now()
    async with pods.running():
        assert pods.source.counts() == PodCounts(total=12, running=9, not_ready=1, finished=1, pending=1)
        counted_at = pods.source.counted_at or 0.0
        assert began <= counted_at <= began + 1
        assert pods.source.state.health is Health.LIVE
        assert pods.source.state.as_of == pytest.approx(counted_at, abs=1)
        assert "more than 10 pods: those that run are counted every 60 s" in pods.source.state.reason
        assert (pods.all.readers, pods.unsettled.readers, pods.passes) == (0, 1, 2)
        # What cannot settle is seen at once, between passes.
        pods.unsettled.store.put(a_row("orlando", "new", "0/1", "ImagePullBackOff", 0, "1s", "<none>", "<none>"))
        await pods.pass_s(1)
        assert pods.source.counts() == PodCounts(total=12, running=9, not_ready=1, finished=1, failing=1)
        assert pods.source.counted_at == counted_at
        await pods.pass_s(62)
        assert pods.passes == 4
        assert (pods.source.counted_at or 0.0) > counted_at + 55
    assert pods.unsettled.readers == 0


async def test_a_crash_loop_among_the_counted_is_found_by_the_next_pass_and_news_bring_it_forward(pods: Pods) -> None:
    pods.cluster.counted = 11
    pods.unsettled.live(pods.clock.now())
    pods.print_pods([line(f"web-{number:02}", restarts=5) for number in range(11)])
    async with pods.running():
        assert pods.source.restarts(pods.clock.now()) == 0  # all of before we looked, and the pods are old
        pods.print_pods([line("web-00", "CrashLoopBackOff", "0/1", 7), *(line(f"web-{n:02}") for n in range(1, 11))])
        pods.source.note_news()  # too early after the last pass: it waits for its turn
        await pods.pass_s(10)
        assert pods.passes == 1
        await pods.pass_s(6)
        assert pods.passes == 2
        pods.source.note_news()
        await pods.pass_s(10)
        assert pods.passes == 2
        await pods.pass_s(6)
        assert pods.passes == 3
        assert pods.source.counts() == PodCounts(total=11, running=10, failing=1)
        assert pods.source.restarts(pods.clock.now()) == 2
        await pods.pass_s(120)
        assert pods.source.restarts(pods.clock.now()) == 2, "the same restarts are not counted by every pass"


async def test_young_restarts_count_from_the_first_pass(pods: Pods) -> None:
    pods.cluster.counted = 11
    pods.unsettled.live(pods.clock.now())
    young, recent, old = line("young", restarts=3, age="4m"), line("recent", restarts="9 (2m ago)"), line("old")
    others = [line(f"web-{number}") for number in range(10)]
    pods.print_pods([young, recent, old], others)
    async with pods.running():
        assert pods.source.restarts(pods.clock.now()) == 4
        pods.print_pods(others, [recent, old])
        await pods.pass_s(62)
        assert pods.source.counts() == PodCounts(total=12, running=12)


async def test_while_a_view_has_all_pods_they_are_what_is_shown(pods: Pods) -> None:
    pods.cluster.counted = 11
    pods.unsettled.live(pods.clock.now())
    pods.print_pods([line(f"web-{number}", restarts=5, age="5m") for number in range(11)])
    async with pods.running():
        counted_at, restarts = pods.source.counted_at, pods.source.restarts(pods.clock.now())
        assert (counted_at is not None, restarts) == (True, 55)
        async with pods.cluster.reflect("pods"):
            await pods.pass_s(1)
            assert (pods.all.readers, pods.unsettled.readers) == (2, 0)
            assert pods.source.counts() == PodCounts(total=11, running=11), "the last count stands until all are listed"
            assert pods.source.counted_at == counted_at
            assert pods.source.state.health is Health.LIVE
            rows = [
                a_row("orlando", f"web-{n}", "1/1", "Running", 5, "5m", created_at=pods.clock.now() - 300)
                for n in range(20)
            ]
            pods.all.live(pods.clock.now(), *rows)
            await pods.pass_s(1)
            assert pods.source.counts() == PodCounts(total=20, running=20)
            assert pods.source.counted_at is None
            assert pods.source.restarts(pods.clock.now()) == 55, "restarts that were counted are not counted again"
            pods.all.store.put(a_row("orlando", "web-0", "1/1", "Running", 6, "5m"))
            await pods.pass_s(1)
            assert pods.source.restarts(pods.clock.now()) == 56
        left_at = pods.clock.now()
        pods.unsettled.state.set(CONNECTING)
        await pods.pass_s(1)
        assert (pods.all.readers, pods.unsettled.readers) == (0, 1)
        assert pods.source.state.health is Health.LIVE, "another way is no alarm"
        assert pods.source.counts() is not None
        assert (pods.source.counted_at or 0.0) >= left_at
        assert pods.source.restarts(pods.clock.now()) == 56


async def test_a_stamp_that_grows_is_counted_and_one_that_shrinks_is_watched_again(pods: Pods) -> None:
    rows = [a_row("orlando", f"web-{number}", "1/1", "Running", 0, "5d") for number in range(11)]
    pods.all.live(pods.clock.now(), *rows)
    pods.unsettled.live(pods.clock.now())
    pods.cluster.counted = 10
    async with pods.running():
        await pods.pass_s(2)
        assert pods.all.readers == 1, "a few more are no reason to change"
        pods.print_pods([line(f"web-{number}") for number in range(13)])
        for number in (11, 12):
            pods.all.store.put(a_row("orlando", f"web-{number}", "1/1", "Running", 0, "5d"))
        await pods.pass_s(2)
        assert (pods.all.readers, pods.unsettled.readers) == (0, 1)
        assert pods.source.counts() == PodCounts(total=13, running=13)
        pods.print_pods([line(f"web-{number}") for number in range(8)])
        await pods.pass_s(62)
        assert (pods.all.readers, pods.unsettled.readers) == (1, 0)


async def test_what_keeps_us_from_counting_is_told_and_heals(pods: Pods) -> None:
    pods.cluster.counted = 11
    pods.cluster.failing["count"] = refused("orlando")
    pods.unsettled.live(pods.clock.now())
    pods.print_pods([line(f"web-{number}") for number in range(11)])
    async with pods.running():
        assert pods.source.state.reason == "connection refused"
        assert pods.source.counts() is None
        await pods.pass_s(5)
        assert pods.source.state.health is Health.DOWN
        pods.cluster.failing.clear()
        await pods.pass_s(10)
        assert pods.source.state.is_live
        before = pods.source.counts()
        pods.cluster.failing["printed"] = refused("orlando")
        await pods.pass_s(70)
        assert pods.source.state.health in (Health.RETRYING, Health.DOWN)
        assert pods.source.counts() == before, "the numbers stay, and age"
        pods.cluster.failing.clear()
        pods.source.refresh()
        await pods.pass_s(1)
        assert pods.source.state.is_live


async def test_a_server_that_does_not_say_how_many_is_watched(pods: Pods) -> None:
    async def unknown(kind: str) -> None:
        return None

    pods.cluster.count = unknown  # type: ignore[method-assign]
    pods.all.live(pods.clock.now())
    async with pods.running():
        assert (pods.all.readers, pods.source.counts()) == (1, PodCounts())


async def test_larger_stamps_are_counted_less_often(pods: Pods) -> None:
    pods.cluster.counted = 30_000
    pods.unsettled.live(pods.clock.now())
    pods.print_pods([line(f"web-{number}") for number in range(30)])
    async with pods.running():
        assert "counted every 180 s" in pods.source.state.reason
