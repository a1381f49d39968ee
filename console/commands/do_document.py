"""The document `stampdeck do … -o json` prints, and its types: they are its documented schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backends.model.proposal import Ask, Outcome, Proposal

SCHEMA_NAME = "stampdeck.do/1"


class RightRecord(msgspec.Struct, frozen=True):
    """A right the change needs, as the stamp's API answered (SelfSubjectAccessReview)."""

    right: Annotated[str, Meta(description="`update deployment/scale in default`.")]
    allowed: bool
    reason: str


class FindingRecord(msgspec.Struct, frozen=True):
    """What one rule says."""

    rule: Annotated[str, Meta(description="Its name, as --override takes it.")]
    level: Annotated[str, Meta(description="pass, warn or refuse.")]
    evidence: str
    stamp: Annotated[str, Meta(description="The stamp the evidence is about; empty for the fleet.")]
    overridable: bool
    overridden: Annotated[bool, Meta(description="Whether --override named it.")]
    typed: Annotated[str, Meta(description="The name that, given to --confirm, sets a refusal aside; mostly empty.")]


class OutcomeRecord(msgspec.Struct, frozen=True):
    """How it ended."""

    result: Annotated[str, Meta(description="done, refused, failed, cancelled or unverified.")]
    step: Annotated[str, Meta(description="The step of the write gate it ended at.")]
    what: str
    why: str
    todo: str
    operation: Annotated[str, Meta(description="Its number in the journal; empty when nothing was recorded.")]


class ChangeRecord(msgspec.Struct, frozen=True):
    """One change on one stamp: the plan, and the outcome once it was carried out."""

    stamp: str
    action: str
    target: str
    summary: str
    command: Annotated[str, Meta(description="The kubectl line that does the same.")]
    impact: Annotated[str, Meta(description="none, careful or disruptive.")]
    parameters: dict[str, Any]
    rights: list[RightRecord]
    findings: list[FindingRecord]
    diff: Annotated[str, Meta(description="Unified diff of the API's dry run, secrets masked; empty without one.")]
    notes: list[str]
    problem: Annotated[str, Meta(description="Why it cannot be done at all; empty when it can.")]
    wants_name: Annotated[bool, Meta(description="Whether the stamp's name is to be typed: --confirm NAME.")]
    may_proceed: Annotated[bool, Meta(description="Whether nothing but a confirmation is missing.")]
    outcome: Annotated[OutcomeRecord | None, Meta(description="Null when it was only planned.")]


class DoDocument(msgspec.Struct, frozen=True):
    """What `stampdeck do` prints."""

    schema: Annotated[str, Meta(description="Name and version of this format; new keys may be added.")]
    armed: Annotated[bool, Meta(description="Whether --write was given.")]
    changes: Annotated[list[ChangeRecord], Meta(description="In the order in which the stamps were changed.")]


def do_document(
    changes: Sequence[tuple[Proposal, Outcome | None]],
    *,
    armed: bool,
    overrides: tuple[str, ...] = (),
    typed_names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return the document as plain JSON values."""
    records = [_change(proposal, outcome, overrides, typed_names) for proposal, outcome in changes]
    document: dict[str, Any] = msgspec.to_builtins(DoDocument(SCHEMA_NAME, armed, records))
    return document


def do_schema() -> dict[str, Any]:
    """Return the JSON Schema of the document."""
    return msgspec.json.schema(DoDocument)


def may_proceed(proposal: Proposal, overrides: tuple[str, ...], typed_names: tuple[str, ...] = ()) -> bool:
    """Whether nothing speaks against a change but that it is not confirmed."""
    return not (proposal.denied or proposal.refusals(overrides, typed_names) or proposal.problem)


def _change(
    proposal: Proposal, outcome: Outcome | None, overrides: tuple[str, ...], typed_names: tuple[str, ...]
) -> ChangeRecord:
    change = proposal.change
    findings = [
        FindingRecord(
            each.rule,
            each.level.value,
            each.evidence,
            each.stamp,
            each.overridable,
            each.overridable and each.rule in overrides,
            each.typed,
        )
        for each in proposal.findings
    ]
    return ChangeRecord(
        stamp=change.stamp,
        action=change.action,
        target=str(change.target),
        summary=change.summary,
        command=change.command,
        impact=change.impact.value,
        parameters=dict(change.parameters),
        rights=[RightRecord(str(each.permission), each.allowed, each.reason) for each in proposal.access],
        findings=findings,
        diff=proposal.preview.diff,
        notes=list(proposal.preview.notes),
        problem=proposal.problem,
        wants_name=proposal.ask is Ask.NAME,
        may_proceed=may_proceed(proposal, overrides, typed_names),
        outcome=None if outcome is None else _outcome(outcome),
    )


def _outcome(outcome: Outcome) -> OutcomeRecord:
    return OutcomeRecord(
        outcome.result.value, outcome.step.value, outcome.what, outcome.why, outcome.todo, outcome.operation
    )
