"""What each step of the gate has against a proposal, given the consent: pure, so that the dialog can ask it too."""

from __future__ import annotations

from backends.errors import Refused
from backends.model.proposal import Ask, Consent, Proposal, Step

STEPS = (Step.ALLOWED, Step.PRECONDITIONS, Step.DRY_RUN, Step.CONFIRM)
"""The steps that are judged by the proposal alone, in their order."""


def demand_agreement(step: Step, proposal: Proposal, consent: Consent) -> None:
    """Raise Refused when this step does not agree."""
    if proposal.problem and proposal.problem_at is step:
        raise _refused(step, proposal, proposal.problem, "correct it and look again")
    if step is Step.ALLOWED:
        _demand_rights(proposal)
    elif step is Step.PRECONDITIONS:
        _demand_rules(proposal, consent)
    elif step is Step.CONFIRM:
        _demand_confirmation(proposal, consent)


def _demand_rights(proposal: Proposal) -> None:
    if denied := proposal.denied:
        why = "; ".join(f"{each.permission}: {each.reason or 'not allowed'}" for each in denied)
        raise _refused(Step.ALLOWED, proposal, why, "ask whoever grants rights on this stamp")


def _demand_rules(proposal: Proposal, consent: Consent) -> None:
    if refusals := proposal.refusals(consent.overrides, consent.typed_names):
        why = "; ".join(f"{each.rule}: {each.evidence}" for each in refusals)
        rules = dict.fromkeys(each.rule for each in refusals if each.overridable)
        todo = f"mend it, or override {', '.join(rules)} with a reason" if rules else "mend it first"
        if names := [f"type {each.typed}" for each in refusals if each.typed]:
            todo = "; ".join(names)
        raise _refused(Step.PRECONDITIONS, proposal, why, todo)
    if consent.overrides and not consent.reason.strip():
        why, todo = "an override wants a reason", "say why: it goes to the audit log"
        raise _refused(Step.PRECONDITIONS, proposal, why, todo)


def _demand_confirmation(proposal: Proposal, consent: Consent) -> None:
    if not consent.confirmed:
        raise _refused(Step.CONFIRM, proposal, "it was not confirmed", "")
    stamp = proposal.change.stamp
    if proposal.ask is Ask.NAME and stamp not in consent.typed_names:
        raise _refused(Step.CONFIRM, proposal, "this stamp is protected", f"type its name: {stamp}")


def _refused(step: Step, proposal: Proposal, why: str, todo: str) -> Refused:
    change = proposal.change
    return Refused(f"refused to {change.summary}", step=step, why=why, todo=todo, stamp=change.stamp)
