"""Where the console can be: plain values that name a screen and what it shows, so that history can replay them."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from textual.message import Message


class FleetPlace(msgspec.Struct, frozen=True):
    """All stamps at a glance: home."""

    @property
    def crumb(self) -> str:
        return "fleet"


class ResourcesPlace(msgspec.Struct, frozen=True):
    """A table of one kind; no stamps means all of them, no namespace means all of them."""

    kind: str
    stamps: tuple[str, ...] = ()
    namespace: str | None = None
    selector: str = ""
    field_selector: str = ""
    filter: str = ""
    of: str = ""
    """What was drilled into, for the breadcrumb: `deployment/ratings-web`."""

    @property
    def crumb(self) -> str:
        where = "" if not self.stamps else "@" + ",".join(self.stamps)
        return f"{self.kind.partition('.')[0]}{where}" + (f" of {self.of}" if self.of else "")


class ContainersPlace(msgspec.Struct, frozen=True):
    """The containers of one pod."""

    stamp: str
    namespace: str
    pod: str

    @property
    def crumb(self) -> str:
        return f"{self.pod} containers"


class DetailPlace(msgspec.Struct, frozen=True):
    """One object: its description, or its YAML."""

    stamp: str
    kind: str
    name: str
    namespace: str | None = None
    yaml: bool = False

    @property
    def crumb(self) -> str:
        return f"{self.name} @{self.stamp}"


class LogsPlace(msgspec.Struct, frozen=True):
    """Logs of a target (`pod/NAME`, `deployment/NAME`, …) on one or more stamps, merged by time."""

    stamps: tuple[str, ...]
    namespace: str
    target: str
    container: str | None = None
    previous: bool = False

    @property
    def crumb(self) -> str:
        return "previous logs" if self.previous else "logs"


class DoctorPlace(msgspec.Struct, frozen=True):
    """Every source of every stamp, examined."""

    @property
    def crumb(self) -> str:
        return "doctor"


class HistoryPlace(msgspec.Struct, frozen=True):
    """What was changed from this account."""

    @property
    def crumb(self) -> str:
        return "history"


class OperationPlace(msgspec.Struct, frozen=True):
    """One recorded operation, by the row it begins with and its number, which is empty for a lone event."""

    number: int
    operation: str = ""

    @property
    def crumb(self) -> str:
        return self.operation or f"row {self.number}"


class DriftPlace(msgspec.Struct, frozen=True):
    """What is not the same on all stamps: of everything, or of one object in every detail."""

    kind: str = ""
    name: str = ""
    namespace: str | None = None

    @property
    def crumb(self) -> str:
        return f"drift of {self.kind}/{self.name}" if self.name else "drift"


class StagingPlace(msgspec.Struct, frozen=True):
    """One change staged over stamps, by its number in this console."""

    number: int

    @property
    def crumb(self) -> str:
        return "staged change"


class RunsPlace(msgspec.Struct, frozen=True):
    """The changes of this console: those going on, and those that ended."""

    @property
    def crumb(self) -> str:
        return "runs"


class RunPlace(msgspec.Struct, frozen=True):
    """One change of this console, by the number of its run."""

    number: int

    @property
    def crumb(self) -> str:
        return f"run {self.number}"


class ForwardsPlace(msgspec.Struct, frozen=True):
    """The ports of this machine that lead into pods."""

    @property
    def crumb(self) -> str:
        return "forwarded ports"


class EnginePlace(msgspec.Struct, frozen=True):
    """aks-engine on every stamp: releases, pools, and the jobs of the helper VMs."""

    @property
    def crumb(self) -> str:
        return "aks-engine"


class JobPlace(msgspec.Struct, frozen=True):
    """One job of a helper VM, by its number; `word` is the engine's command."""

    stamp: str
    number: str
    word: str

    @property
    def crumb(self) -> str:
        return f"{self.word} @{self.stamp}"


class FaultsPlace(msgspec.Struct, frozen=True):
    """What can be broken in the demo."""

    @property
    def crumb(self) -> str:
        return "faults"


Place: TypeAlias = (
    FleetPlace
    | ResourcesPlace
    | ContainersPlace
    | DetailPlace
    | LogsPlace
    | DoctorPlace
    | HistoryPlace
    | OperationPlace
    | DriftPlace
    | StagingPlace
    | RunsPlace
    | RunPlace
    | ForwardsPlace
    | EnginePlace
    | JobPlace
    | FaultsPlace
)


class Visit(Message):
    """A screen asks to go somewhere; `fresh` starts anew from home, as a typed command does."""

    def __init__(self, place: Place, *, fresh: bool = False) -> None:
        super().__init__()
        self.place = place
        self.fresh = fresh


class Moved(Message):
    """A screen shows another place without giving way to another screen."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Trail:
    """Places visited by commands and drills, in order, with a position: `[` and `]` walk along it."""

    def __init__(self, limit: int = 100) -> None:
        self._places: list[Place] = []
        self._at = -1
        self._limit = limit

    def add(self, place: Place) -> None:
        """Record a visit, dropping what lay ahead; the same place twice in a row is one."""
        if self._at >= 0 and self._places[self._at] == place:
            return
        del self._places[self._at + 1 :]
        self._places.append(place)
        del self._places[: -self._limit]
        self._at = len(self._places) - 1

    def step(self, by: int) -> Place | None:
        """Move back (-1) or forward (+1) and return the place there, or None at an end."""
        if not 0 <= self._at + by < len(self._places):
            return None
        self._at += by
        return self._places[self._at]
