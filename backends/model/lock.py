"""The team's lock on a stamp: who holds it, and how far we can prove that we do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who works on a stamp, as the Leases say; times are the holder's own clock, seconds since the Unix epoch."""

    stamp: str
    name: str
    """`person@host/operation`: what a takeover has to type."""
    what: str = ""
    since: float = 0.0
    process: str = ""
    """The console's process, in the words of `Author.process`."""
    held_on: tuple[str, ...] = ()
    """The stamps whose APIs keep it."""
    lost_in_s: float = 0.0
    """How long it still has to stay unrenewed under our eyes before it counts as lost; 0 when it does."""
    is_ours: bool = False
    """Whether this run of the console holds it."""

    @property
    def is_lost(self) -> bool:
        """Whether nobody renews it any more: it can be taken over by typing its name."""
        return self.lost_in_s <= 0

    @property
    def operation(self) -> str:
        """The beginning of the operation's number in the holder's journal."""
        return self.name.rpartition("/")[2]

    @property
    def author(self) -> str:
        """`person@host`."""
        return self.name.rpartition("/")[0] or self.name


@dataclass(frozen=True, slots=True)
class LockSurvey:
    """The locks of all stamps at one moment: the holder of each, None where nobody holds it, and who did not answer."""

    holders: Mapping[str, LockHolder | None]
    not_asked: Mapping[str, str] = field(default_factory=dict)
    """The stamps whose APIs could not be asked, and why; locks that only they keep are not known."""


@dataclass(frozen=True, slots=True)
class LockState:
    """Our lock on a stamp: where it is proved, where it could not be, and why it is lost, if it is."""

    stamp: str
    held_on: tuple[str, ...]
    not_asked: Mapping[str, str] = field(default_factory=dict)
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Takeover:
    """A lock taken from a lost holder: whom, on which stamps' APIs, and which could not be asked."""

    holder: LockHolder
    cleared_on: tuple[str, ...]
    not_asked: Mapping[str, str] = field(default_factory=dict)
