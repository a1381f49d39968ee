"""How far an aks-engine run came, made of nothing but what it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """The stretches of a run, in the order they can come."""

    START = "start"
    LOADING = "loading"
    CHECKING_IMAGES = "checking images"
    PLANNING = "planning"
    MASTERS = "control plane"
    AGENTS = "agents"
    DEPLOYING = "deploying"
    DRAINING = "draining"
    DELETING = "deleting machines"
    ROTATING = "rotating certificates"
    COLLECTING = "collecting logs"
    DONE = "done"
    FAILED = "failed"


class NodeStep(StrEnum):
    """What happens to one machine, in order."""

    WAITING = "waiting"
    COPYING = "copying labels"
    DRAINING = "draining"
    DELETING = "deleting machine"
    DEPLOYING = "deploying"
    JOINING = "waiting for ready"
    COLLECTING = "collecting logs"
    READY = "ready"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """One machine of the run by its name: its pool (`master` for the control plane) and the step it is at.

    `is_surge` marks one that is made so that others can go. Times are seconds of the Unix epoch, in the log's clock.
    """

    name: str
    pool: str
    step: NodeStep
    is_surge: bool = False
    since: float | None = None
    began_at: float | None = None
    ended_at: float | None = None
    note: str = ""
    """What else was said of it: `3 pods to evict, 1 left`, `its drain failed and it was deleted all the same`."""


class Retry(StrEnum):
    """Whether the same command may be given again."""

    SAFE = "safe"
    """Nothing was touched, or what was done is recognised and skipped."""
    AFTER = "after the cause is mended"
    NOT = "not as it is"
    """Running it again would do harm, or something else than wanted."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error in an operator's words: what it means, what to do, and whether to try again.

    `id` is the failure catalogue's; `unknown` when the text fits none. `line` is the number of the line it was seen at.
    """

    id: str
    text: str
    cause: str
    todo: str
    retry: Retry
    line: int


@dataclass(frozen=True, slots=True)
class EngineProgress:
    """A run at one moment, as its log tells it.

    `units_done` of `units_total` measure the work (a master is 1.0); zero total: nothing is known yet. `eta_s` is
    reckoned of the observed pace, None while there is none. `step_lasts_s` is how long the present step usually takes
    without a word, as a range in seconds. Times are seconds of the Unix epoch in the log's clock.
    """

    command: str = ""
    phase: Phase = Phase.START
    pool: str = ""
    target_version: str = ""
    nodes: tuple[NodeProgress, ...] = ()
    units_done: float = 0.0
    units_total: float = 0.0
    eta_s: float | None = None
    step: str = ""
    """What goes on now, in words: `waiting for k8s-linuxpool-...-3 to be ready`."""
    step_lasts_s: tuple[float, float] | None = None
    started_at: float | None = None
    last_line_at: float | None = None
    failures: tuple[Failure, ...] = ()
    alarms: tuple[str, ...] = ()
    """What should be looked at although the run goes on: a drain given up, counts that do not agree."""
    is_succeeded: bool = False

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None when that cannot be said."""
        return min(1.0, self.units_done / self.units_total) if self.units_total else None

    @property
    def current(self) -> NodeProgress | None:
        """The machine being worked on, None between two."""
        busy = (NodeStep.WAITING, NodeStep.READY, NodeStep.GONE, NodeStep.FAILED)
        return next((each for each in reversed(self.nodes) if each.step not in busy), None)
