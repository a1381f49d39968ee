"""A change while it is carried out: where it stands, its lines, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backends.model.change import Change
from backends.model.fleet import Severity
from backends.model.proposal import Outcome, Step


class RunState(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    """Asked to stop; ends at its next safe point."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Refused, failed or not verified: the outcome says which."""
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)


class ItemState(StrEnum):
    """Where one part of a run stands: a pod of a drain, a stamp of a staged rollout, an object of a batch."""

    WAITING = "waiting"
    WORKING = "working"
    BLOCKED = "blocked"
    """Tried, and has to wait: `text` names by what."""
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RunItem:
    """One part of a run by its `key`, with what is to be said of it, since `since` (seconds of the Unix epoch)."""

    key: str
    state: ItemState
    text: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class RunLine:
    """Something a run said."""

    at: float
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A run at one moment: `operation` is its number in the journal, empty before the intent is written.

    Times are seconds since the Unix epoch, None when not yet reached.
    """

    change: Change
    state: RunState = RunState.PLANNED
    step: Step = Step.ARMED
    items: tuple[RunItem, ...] = ()
    operation: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
