"""The live view of all stamps as one value, and the timeline of what changed on them."""

from __future__ import annotations

from collections.abc import Mapping

from backends.clock import Clock
from backends.model.fleet import FleetSnapshot, TimelineEntry
from backends.operations.ports import ApplicationProbe, ClusterReader
from backends.streams import Cell, Feed


class Fleet:
    """Follows every source of every stamp while `run` runs; a dead stamp never delays another."""

    def __init__(
        self, clusters: Mapping[str, ClusterReader], probes: Mapping[str, ApplicationProbe], clock: Clock
    ) -> None:
        self._clusters = clusters
        self._probes = probes
        self._clock = clock

    @property
    def state(self) -> Cell[FleetSnapshot]:
        """The newest snapshot of all stamps, in configured order."""
        raise NotImplementedError

    @property
    def timeline(self) -> Feed[TimelineEntry]:
        """What changed, on all stamps, on one clock."""
        raise NotImplementedError

    async def run(self) -> None:
        """Follow until cancelled."""
        raise NotImplementedError

    async def settled(self, timeout_s: float) -> FleetSnapshot:
        """Return the snapshot once every source has said something definite, or when time is up."""
        raise NotImplementedError

    def refresh(self, stamp: str | None = None) -> None:
        """Try now wherever the next attempt is being waited for; on one stamp, or on all."""
        raise NotImplementedError
