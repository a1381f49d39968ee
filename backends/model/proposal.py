"""A change as the gate shows it before it is confirmed, the answer it gets, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backends.model.change import Change, Permission


class Level(StrEnum):
    """What a precondition says."""

    PASS = "pass"
    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Finding:
    """A named rule's answer with its evidence, about `stamp` (empty for the fleet).

    A refusal can be set aside by the rule's name and a reason, unless it is not `overridable`.
    """

    rule: str
    level: Level
    evidence: str
    stamp: str = ""
    overridable: bool = True
    typed: str = ""
    """A name that, typed, sets this refusal aside in place of an override: of a lost lock's holder."""


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """Whether the API allows us what the change needs, in its own words."""

    permission: Permission
    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the change would do: a unified diff of the server's own dry run, or nothing where there is none."""

    diff: str = ""
    notes: tuple[str, ...] = ()
    """What else is worth knowing: the server's warnings, that this API has no dry run for it."""


class Step(StrEnum):
    """The steps of the gate, in their order."""

    ARMED = "armed"
    ALLOWED = "allowed"
    PRECONDITIONS = "preconditions"
    DRY_RUN = "dry run"
    CONFIRM = "confirm"
    LOCK = "team lock"
    INTENT = "intent"
    ACT = "act"
    VERIFY = "verify"
    OUTCOME = "outcome"


class Ask(StrEnum):
    """What the operator has to give before it is done."""

    ONCE = "once"
    """A confirmation, which holds for the other changes of the same batch."""
    EACH = "each"
    """A confirmation of this change alone."""
    NAME = "name"
    """The stamp's name, typed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change examined by the gate: shown to the operator, and carried out only with a fitting consent."""

    change: Change
    access: tuple[AccessAnswer, ...]
    findings: tuple[Finding, ...]
    preview: Preview
    ask: Ask
    made_at: float
    problem: str = ""
    """Why it cannot be done at all (the dry run was refused, the API does not answer); empty when it can."""
    problem_at: Step = Step.DRY_RUN
    """The step the problem came up at."""

    @property
    def denied(self) -> tuple[AccessAnswer, ...]:
        """What the API does not allow us."""
        return tuple(each for each in self.access if not each.allowed)

    def refusals(self, overrides: tuple[str, ...] = (), typed_names: tuple[str, ...] = ()) -> tuple[Finding, ...]:
        """The rules that refuse and are not set aside by these overrides or these typed names."""
        return tuple(
            each
            for each in self.findings
            if each.level is Level.REFUSE
            and not (each.overridable and each.rule in overrides)
            and not (each.typed and each.typed in typed_names)
        )


@dataclass(frozen=True, slots=True)
class Consent:
    """The operator's answer to a proposal."""

    confirmed: bool = False
    typed_names: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    reason: str = ""


class Result(StrEnum):
    """How a change ended."""

    DONE = "done"
    """Done, and read back."""
    REFUSED = "refused"
    """Not begun: a step of the gate said no."""
    FAILED = "failed"
    """Begun, and not done, or only in part: `what` says how far it came."""
    CANCELLED = "cancelled"
    """Stopped by the operator; `what` says how far it came."""
    UNVERIFIED = "unverified"
    """The API took it, but what was read back is something else, or could not be read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: the step it ended at, what happened, why, and what to do next.

    `operation` is its number in the journal, empty when nothing was recorded.
    """

    result: Result
    step: Step
    what: str
    why: str = ""
    todo: str = ""
    operation: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it was done and verified."""
        return self.result is Result.DONE

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        todo = f" — {self.todo}" if self.todo else ""
        return f"{self.what}{why}{todo}"
