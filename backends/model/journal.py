"""What is written down of every change: events of operations, in one chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What an event of the journal tells of its operation."""

    REFUSED = "refused"
    """The gate said no; the operation ends with it."""
    INTENT = "intent"
    """About to act, and on which stamps the team lock is held: written and synced before anything is sent."""
    TAKEN_OVER = "lock takeover"
    """Someone's lock was taken over by typing the holder's name."""
    STEP = "step"
    """A part of a long operation was done: enough to take it up again."""
    PAUSED = "paused"
    RESUMED = "resumed"
    """Goes on after a pause, or in another process after the first one ended."""
    CANCEL = "cancel"
    """The operator asked to stop."""
    RECONCILED = "reconciled"
    """Found open at a start, and compared with the cluster."""
    OUTCOME = "outcome"
    """How it ended; the operation ends with it."""
    ARMED = "armed"
    DISARMED = "disarmed"
    SHELL = "shell"
    """A shell was opened or closed, a recording written."""
    FORWARD = "port-forward"
    """A port of this machine was led into a cluster, or is no more."""


CLOSING = (EventKind.REFUSED, EventKind.OUTCOME)
"""The kinds an operation ends with."""


CUT = "… (+"
"""Begins what stands at the end of a text that was too long to be kept whole."""


def is_whole(value: Any) -> bool:
    """Whether recorded data is as it was given: no secret masked in it, no text cut."""
    # Its patterns take 10 ms, which a start that only watches need not pay.
    from backends.model.redact import MASK

    if isinstance(value, str):
        return MASK not in value and CUT not in value
    if isinstance(value, Mapping):
        return all(map(is_whole, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_whole, value))
    return True


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts, and from where: `process` names this run of the console (pid, start and boot of the machine)."""

    person: str
    host: str
    process: str = ""

    def __str__(self) -> str:
        return f"{self.person}@{self.host}"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One row of the journal, oldest first by `number`; `at` in seconds since the Unix epoch.

    `hash` is the SHA-256 over the previous row's hash and this row, in hex.
    """

    number: int
    operation: str
    at: float
    kind: EventKind
    author: Author
    stamp: str
    data: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation whose intent has no outcome yet: the events written of it, oldest first."""

    operation: str
    events: tuple[JournalEvent, ...]

    @property
    def intent(self) -> JournalEvent:
        """The event that says what was meant to be done."""
        return next((each for each in self.events if each.kind is EventKind.INTENT), self.events[0])

    @property
    def holder(self) -> Author:
        """Who works on it, or did last: the operation may have been taken up by another process."""
        acting = (each for each in reversed(self.events) if each.kind is not EventKind.RECONCILED)
        return next(acting, self.intent).author


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """Whether the chain holds: rows read, the newest hash, and the first row at which it breaks, with the reason.

    `broken_at` is None when no single row can be named: a noted head is gone, a trigger was dropped.
    """

    rows: int
    head: str
    broken_at: int | None = None
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.why
