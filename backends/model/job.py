"""A command that runs on a helper VM by itself, whoever watches: what is asked for, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands, told from files and locks on the VM, never from its log or our connection."""

    NEW = "new"
    """Known by its number, not started."""
    STARTING = "starting"
    RUNNING = "running"
    UNSUPERVISED = "unsupervised"
    """It works on, but what would have noted its end is gone: its exit status will never be known."""
    DRAINING = "draining"
    """The command has ended, something it started works on."""
    EXITED = "exited"
    REFUSED = "refused"
    """Not started: another job works on the same api model, or the folder is missing; `why` says which."""
    FAILED_START = "failed-start"
    LOST = "lost"
    """Nothing of it is alive and no exit status was written: what it did has to be looked at."""
    REBOOTED = "rebooted"
    """The VM started again while it ran: what it did has to be looked at."""

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is alive and nothing more will come."""
        return self in (
            JobState.EXITED, JobState.REFUSED, JobState.FAILED_START, JobState.LOST, JobState.REBOOTED
        )  # fmt: skip

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can tell how it ended."""
        return self in (JobState.LOST, JobState.REBOOTED)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to be run: `script` is what `sh` is given, `lock` the folder (of the api model) it holds while it runs.

    `meta` says who wants what where, redacted; it is kept beside the job on the VM. `number` is made by us
    (letters, digits, `-`, `_`), so that asking twice is one job.
    """

    number: str
    script: str
    lock: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)


class Signal(StrEnum):
    """What a job is asked to end with, each one harder than the one before."""

    INT = "INT"
    TERM = "TERM"
    KILL = "KILL"


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Who asked a job to end, how, and when by the VM's clock."""

    signal: Signal
    who: str
    at: float


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job at one moment, by the VM's own clock: times are seconds of the Unix epoch there, None when not reached.

    `size` is its log's length in bytes, `dropped` how many of the first bytes are no longer kept, `status` the exit
    status (128 + n for signal n), `why` what refused it, `holder` the job that holds its lock then.
    """

    number: str
    state: JobState
    size: int = 0
    status: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    now: float = 0.0
    pid: int = 0
    dropped: int = 0
    cancelled: bool = False
    why: str = ""
    holder: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    cancels: tuple[CancelRequest, ...] = ()
    """Each signal it was sent on somebody's behalf, oldest first."""

    @property
    def word(self) -> str:
        """The engine's command it carries out, by what is kept beside it; else what its number begins with."""
        return str(self.meta.get("operation") or self.number.rpartition("-")[0] or self.number)


@dataclass(frozen=True, slots=True)
class ForeignProcess:
    """An engine that somebody started by hand on the VM: nothing keeps its output or its end for us.

    `command` is its command line, redacted; `api_model` the file it works on, `started_at` by the VM's clock.
    """

    pid: int
    user: str
    command: str
    api_model: str
    started_at: float
