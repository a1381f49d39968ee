"""The pods of a stamp as numbers: watched where that is cheap or a view does it anyway, else counted in passes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from enum import Enum, auto
from typing import Any

from msgspec.structs import replace

from backends.clock import Clock
from backends.model.fleet import PodCounts, TimelineEntry
from backends.model.health import Health, SourceState, worst
from backends.model.pods import RestartCount, added
from backends.operations.deadline import beside
from backends.operations.followed import FollowedPods
from backends.operations.pod_census import UNSETTLED, PodCensus
from backends.operations.polled import Polled, Rhythm
from backends.operations.ports import ClusterReader
from backends.operations.sources import NOT_YET

_ROOM = 1.2
"""A stamp that is watched may grow by this before it is counted, so that it does not go to and fro."""
_SIZE_RHYTHM = Rhythm(interval_s=30.0, retry_cap_s=8.0)


class _Way(Enum):
    SIZING = auto()
    WATCHING = auto()
    COUNTING = auto()


class StampPods:
    """Pods of a stamp by state, and their restarts, while `run` runs; `counted_at` tells which way they were found."""

    name = "pods"

    def __init__(self, cluster: ClusterReader, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._limit = cluster.stamp.cluster.watch_pods_up_to
        self._restarts = RestartCount()
        self._size: Polled[int | None] = Polled(self._ask_size, clock, _SIZE_RHYTHM)
        self._asked_size: int | None = None
        """How many pods the API says there are; None before it said so."""
        self._all = FollowedPods(cluster, clock, self._restarts)
        self._unsettled = FollowedPods(cluster, clock, self._restarts, UNSETTLED)
        self._census = PodCensus(cluster, clock, self._restarts, 0)
        self._way = _Way.SIZING
        self._turned = asyncio.Event()
        self._counts: PodCounts | None = None
        self._is_folded = False
        """Whether all pods were seen once; without a STATUS column that leaves no counts."""
        self._last_state: SourceState = NOT_YET
        self.counted_at: float | None = None
        """When the pods that run were counted; None while all pods are watched."""

    @property
    def state(self) -> SourceState:
        """How far the numbers can be trusted; right after another way was taken, as far as before."""
        found = self._state_of_way()
        if not self._is_folded:
            return NOT_YET if found.is_live else found
        is_starting = found.health is Health.RETRYING and found.as_of is None and found.retry_at is None
        return self._last_state if is_starting else found

    def counts(self) -> PodCounts | None:
        """Return the last counts, None before the first."""
        return self._counts

    def restarts(self, now: float) -> int | None:
        """Return restarts of the last 15 minutes, None before all pods were looked at once."""
        return self._restarts.total(now) if self._restarts.is_primed else None

    def refresh(self) -> None:
        """Try now wherever the next attempt is being waited for."""
        for source in (self._size, self._all, self._unsettled, self._census):
            source.refresh()

    def note_news(self) -> None:
        """Look again soon where pods are only counted: something happened on the stamp."""
        if self._way is _Way.COUNTING:
            self._census.note_news()

    async def run(self) -> None:
        """Look after the pods until cancelled."""
        while True:
            self._turned.clear()
            async with beside(*self._works()):
                await self._turned.wait()

    async def fold(self, now: float) -> list[TimelineEntry]:
        """Fold what changed, and choose the way to go on; pods by themselves are not told in words."""
        self._choose()
        if self._way is _Way.WATCHING:
            await self._all.fold(now)
            if self._all.primed:
                self._is_folded = self._restarts.is_primed = True
                self._counts, self.counted_at = self._all.counts(), None
        elif self._way is _Way.COUNTING:
            await self._unsettled.fold(now)
            self._census.hurry()
            self._join(now)
        return []

    def _join(self, now: float) -> None:
        counted, watched = self._census.last, self._unsettled.counts()
        self._is_folded = self._is_folded or (counted is not None and self._unsettled.primed)
        if counted is not None and counted.counts is not None and watched is not None:
            self._counts, self.counted_at = added(counted.counts, watched), counted.at
        elif self.counted_at is None and self._counts is not None:
            self.counted_at = now  # what was watched until now is getting old

    def _works(self) -> Sequence[Coroutine[Any, Any, None]]:
        if self._way is _Way.SIZING:
            return (self._size.run(),)
        if self._way is _Way.WATCHING:
            return (self._all.run(),)
        return self._unsettled.run(), self._census.run()

    def _choose(self) -> None:
        others = self._cluster.followers(self.name) - (self._all.reflection is not None)
        if self._way is _Way.WATCHING:
            size = len(self._all.reflection.store.rows) if self._all.reflection is not None else 0
            if not others and self._all.primed and self._all.state.is_live and size > self._limit * _ROOM:
                self._count(size)
        elif others > 0:
            self._take(_Way.WATCHING)  # a view has them all: nothing is cheaper
        elif self._way is _Way.SIZING and self._asked_size is not None:
            if self._asked_size > self._limit:
                self._count(self._asked_size)
            else:
                self._take(_Way.WATCHING)
        elif self._way is _Way.COUNTING and self._is_counted_small():
            self._take(_Way.WATCHING)

    def _is_counted_small(self) -> bool:
        both = self._census.last is not None and self._unsettled.primed
        return both and self._counts is not None and self._counts.total <= self._limit

    def _count(self, size: int) -> None:
        self._census = PodCensus(self._cluster, self._clock, self._restarts, size)
        self._take(_Way.COUNTING)

    def _take(self, way: _Way) -> None:
        self._last_state = self.state
        self._way = way
        self._turned.set()

    async def _ask_size(self) -> int | None:
        size = await self._cluster.count(self.name)
        self._asked_size = size or 0  # one that does not say is watched
        return size

    def _state_of_way(self) -> SourceState:
        if self._way is _Way.SIZING:
            return self._size.state
        if self._way is _Way.WATCHING:
            return self._all.state
        found = worst([self._unsettled.state, self._census.state])
        if not found.is_live:
            return found
        every = f"counted every {self._census.interval_s:.0f} s"
        reason = f"more than {self._limit} pods: those that run are {every}, the others are watched"
        return replace(found, reason=reason, as_of=self._census.state.as_of)
