"""What every screen knows of the fleet: a skeleton from the configuration at first, then the live snapshot."""

from __future__ import annotations

from typing import Protocol

from backends.model.fleet import FleetSnapshot, StampSnapshot, TimelineEntry, Verdict, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.stamp import Stamp
from backends.streams import Cell, Feed


class FleetSource(Protocol):
    """What the overview needs of the fleet operation."""

    @property
    def state(self) -> Cell[FleetSnapshot]: ...
    @property
    def timeline(self) -> Feed[TimelineEntry]: ...
    def refresh(self, stamp: str | None = None) -> None: ...


class Overview:
    """The fleet as the screens read it at their own pace; before the services run it says so."""

    def __init__(self, stamps: tuple[Stamp, ...]) -> None:
        self.stamps = stamps
        self.failure = ""
        """Why the services could not start, empty while they may or do."""
        self._source: FleetSource | None = None
        self._skeleton = FleetSnapshot(0.0, tuple(skeleton(stamp) for stamp in stamps), _starting(len(stamps)))

    def connect(self, source: FleetSource) -> None:
        """Read from the running fleet from now on."""
        self._source = source
        self.failure = ""

    def fail(self, reason: str) -> None:
        """Say why there will be no live numbers."""
        self.failure = reason

    @property
    def is_connected(self) -> bool:
        """Whether the numbers are live."""
        return self._source is not None

    @property
    def names(self) -> tuple[str, ...]:
        """All stamps in configured order."""
        return tuple(stamp.name for stamp in self.stamps)

    @property
    def snapshot(self) -> FleetSnapshot:
        """The newest snapshot."""
        return self._skeleton if self._source is None else self._source.state.value

    @property
    def version(self) -> int:
        """Changes whenever the snapshot does."""
        return -1 if self._source is None else self._source.state.version

    @property
    def timeline(self) -> Feed[TimelineEntry] | None:
        """What changed on all stamps, once there is someone to tell."""
        return None if self._source is None else self._source.timeline

    def refresh(self, stamp: str | None = None) -> None:
        """Ask the sources of one stamp, or of all, now."""
        if self._source is not None:
            self._source.refresh(stamp)


def skeleton(stamp: Stamp) -> StampSnapshot:
    """A stamp as the configuration knows it, before anyone has asked it anything."""
    asking = SourceState(Health.OFF, reason="starting")
    return StampSnapshot(stamp.name, protection=stamp.protection, location=stamp.location, api=asking)


def _starting(total: int) -> Verdict:
    stamps = "stamp" if total == 1 else "stamps"
    return Verdict(VerdictLevel.UNKNOWN, f"asking {total} {stamps}", 0, total)
