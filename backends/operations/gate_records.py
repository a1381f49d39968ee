"""What the gate writes down of a change, and how it is read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.model.change import Change, Impact, Target
from backends.model.proposal import Consent, Level, Outcome, Proposal
from backends.operations.locking import HeldLock


def intent_data(proposal: Proposal, consent: Consent, lock: HeldLock) -> dict[str, Any]:
    """Return what an INTENT event holds: the change, the consent, what the rules said, and the diff shown."""
    noticed = [f"{each.rule}: {each.evidence}" for each in proposal.findings if each.level is not Level.PASS]
    return {
        **change_data(proposal.change),
        **consent_data(consent),
        **lock_data(lock),
        "findings": noticed,
        "diff": proposal.preview.diff,
    }


def change_data(change: Change) -> dict[str, Any]:
    """Return a change as plain JSON values, without what it needs."""
    return {
        "action": change.action,
        "target": {"kind": change.target.kind, "name": change.target.name, "namespace": change.target.namespace},
        "summary": change.summary,
        "command": change.command,
        "impact": change.impact,
        "parameters": dict(change.parameters),
    }


def change_of(stamp: str, data: Mapping[str, Any]) -> Change:
    """Return the change an event was written of, without what it needs; KeyError when it is not of a change."""
    target = data["target"]
    return Change(
        action=str(data["action"]),
        stamp=stamp,
        target=Target(str(target["kind"]), str(target["name"]), target.get("namespace")),
        summary=str(data["summary"]),
        command=str(data["command"]),
        impact=Impact(data["impact"]),
        parameters=dict(data.get("parameters") or {}),
    )


def consent_data(consent: Consent) -> dict[str, Any]:
    """Return what the operator gave, as plain JSON values."""
    given: dict[str, Any] = {"confirmed": consent.confirmed}
    if consent.typed_names:
        given["typed"] = list(consent.typed_names)
    if consent.overrides:
        given |= {"overrides": list(consent.overrides), "reason": consent.reason}
    return given


def consent_of(data: Mapping[str, Any]) -> Consent:
    """Return the consent an event was written with."""
    return Consent(
        confirmed=bool(data.get("confirmed")),
        typed_names=tuple(map(str, data.get("typed") or ())),
        overrides=tuple(map(str, data.get("overrides") or ())),
        reason=str(data.get("reason") or ""),
    )


def lock_data(lock: HeldLock) -> dict[str, Any]:
    """Return on which stamps the team lock is held, and which could not be asked."""
    return {"locked_on": list(lock.held_on), "lock_not_asked": dict(lock.not_asked)}


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Return what an OUTCOME event holds."""
    return {"result": outcome.result, "step": outcome.step, "what": outcome.what, "why": outcome.why}
