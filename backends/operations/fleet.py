"""The live view of all stamps as one value, and the timeline of what changed on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from backends.clock import Clock
from backends.model.fleet import FleetSnapshot, StampSnapshot, TimelineEntry
from backends.model.health import Health
from backends.model.verdict import judge
from backends.operations.deadline import within
from backends.operations.ports import ApplicationProbe, ClusterReader
from backends.operations.stamp_watch import StampWatch
from backends.streams import Cell, Feed

TIMELINE_KEPT = 5000


class Fleet:
    """Follows every source of every stamp while `run` runs; a dead stamp never delays another."""

    def __init__(
        self, clusters: Mapping[str, ClusterReader], probes: Mapping[str, ApplicationProbe], clock: Clock
    ) -> None:
        self._clock = clock
        self._timeline: Feed[TimelineEntry] = Feed(TIMELINE_KEPT)
        self._watches = {
            name: StampWatch(cluster, probes.get(name), clock, self._timeline) for name, cluster in clusters.items()
        }
        self._state = Cell(self._joined())

    @property
    def state(self) -> Cell[FleetSnapshot]:
        """The newest snapshot of all stamps, in configured order."""
        return self._state

    @property
    def timeline(self) -> Feed[TimelineEntry]:
        """What changed, on all stamps, on one clock."""
        return self._timeline

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for watch in self._watches.values():
                tasks.create_task(watch.run())
                tasks.create_task(self._join(watch))

    async def settled(self, timeout_s: float) -> FleetSnapshot:
        """Return the snapshot once every source has said something definite, or when time is up."""
        with suppress(TimeoutError):
            await within(self._clock, self._definite(), timeout_s)
        return self._state.value

    def refresh(self, stamp: str | None = None) -> None:
        """Try now wherever the next attempt is being waited for; on one stamp, or on all."""
        for name, watch in self._watches.items():
            if stamp is None or name == stamp:
                watch.refresh()

    async def _join(self, watch: StampWatch) -> None:
        async for _ in watch.state.follow():
            self._state.set(self._joined())

    async def _definite(self) -> None:
        async for snapshot in self._state.follow():
            if all(is_definite(stamp) for stamp in snapshot.stamps):
                return

    def _joined(self) -> FleetSnapshot:
        stamps = tuple(watch.state.value for watch in self._watches.values())
        return FleetSnapshot(at=self._clock.now(), stamps=stamps, verdict=judge(stamps))


def is_definite(stamp: StampSnapshot) -> bool:
    """Whether every source of a stamp has come to a first answer, be it that there is none."""
    return all(state.health is not Health.RETRYING for state in stamp.sources.values())
