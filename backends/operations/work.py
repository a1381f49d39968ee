"""What the write gate carries out: a piece of work, and what it can say and be told while it acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from backends.errors import StampdeckError
from backends.model.change import Change
from backends.model.fleet import Severity
from backends.model.proposal import Finding, Preview, Step
from backends.model.run import ItemState
from backends.operations.locking import HeldLock


class Stopped(StampdeckError):
    """Raised by `Progress.checkpoint` where a work has to stop: it was cancelled, or the team lock was lost."""


class Cancelled(Stopped):
    """Stopped because the operator asked for it."""


class PartlyDone(StampdeckError):
    """Raised by a work that acted and could not finish: `what` says exactly what is done and what is left."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was read back after the act: whether it is as intended, and the evidence in words."""

    ok: bool
    evidence: str


class Progress(Protocol):
    """How a work speaks while it acts, and how it is held up."""

    @property
    def operation(self) -> str:
        """Its number in the journal."""
        ...

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Add a line to the run's log."""
        ...

    def item(self, key: str, state: ItemState, text: str = "") -> None:
        """Set where one part stands; parts are shown in the order they first came."""
        ...

    async def note(self, data: Mapping[str, Any]) -> None:
        """Write a STEP event to the journal, durable when this returns: what a restart must know."""
        ...

    async def checkpoint(self) -> None:
        """Wait while paused; raise Stopped when the work has to end. Call it wherever stopping is safe."""
        ...


class RunProgress(Progress, Protocol):
    """What the gate tells a run besides what the work tells it."""

    def enter(self, step: Step, operation: str = "") -> None:
        """Note the step of the gate that begins, and the operation's number once there is one."""
        ...

    def obey(self, lock: HeldLock | None) -> None:
        """Stop at the next checkpoint when this lock is lost; None: no lock is held any more."""
        ...


class Work(Protocol):
    """One change that the gate can examine and carry out. Calls raise only SourceError, and what `act` names."""

    @property
    def change(self) -> Change: ...

    async def preview(self) -> Preview:
        """Ask the API for a dry run and return what would differ; raises when the API refuses it."""
        ...

    async def findings(self) -> Sequence[Finding]:
        """Answer the preconditions that belong to this kind of work alone."""
        ...

    async def act(self, progress: Progress) -> str:
        """Do it and say what was done; raises Stopped or PartlyDone when only a part of it was."""
        ...

    async def verify(self) -> Verified:
        """Read back what is there now. Also asked at a start after a crash, of a work rebuilt from the journal."""
        ...
