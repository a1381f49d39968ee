"""The one gate every write of the console passes.

    armed → allowed → preconditions on all stamps → dry run → confirm → team lock → intent → act → verify → outcome

A step that says no ends it there, and the journal says which, why and what to do. The intent is on disk before
anything is sent: what is open when the console dies is found, and compared with the cluster, at its next start.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from backends.clock import Clock
from backends.errors import JournalFailed, Refused, SourceError, StampdeckError
from backends.model.change import Change, Impact
from backends.model.journal import EventKind
from backends.model.proposal import Consent, Finding, Level, Outcome, Proposal, Result, Step
from backends.operations.acting import act_and_verify, read_back
from backends.operations.agreement import STEPS, demand_agreement
from backends.operations.armed_period import ArmedPeriods
from backends.operations.arming import Arming
from backends.operations.gate_records import (
    change_data,
    consent_data,
    consent_of,
    intent_data,
    lock_data,
    outcome_data,
)
from backends.operations.locking import HeldLock, NoLock, SharedLock, StampLock
from backends.operations.ports import ClusterReader, Journal
from backends.operations.proposing import Preconditions, Proposer
from backends.operations.takeover import Takeovers
from backends.operations.work import RunProgress, Work

__all__ = ["FRESH_S", "Gate", "Preconditions"]

_log = logging.getLogger(__name__)

FRESH_S = 2.0
"""A proposal older than this is examined again before it is carried out: reading takes an operator longer."""


class Gate:
    """Examines works and carries them out."""

    def __init__(
        self,
        clusters: Mapping[str, ClusterReader],
        preconditions: Preconditions,
        lock: StampLock,
        journal: Journal,
        arming: Arming,
        clock: Clock,
        takeovers: Takeovers | None = None,
    ) -> None:
        self._proposer = Proposer(clusters, preconditions, clock)
        self._preconditions = preconditions
        self._lock = SharedLock(lock)
        self._journal = journal
        self._clock = clock
        self._takeovers = takeovers
        self.arming = arming
        self.armed_periods = ArmedPeriods(arming, journal, clock)

    async def propose(self, work: Work) -> Proposal:
        """Examine a work on every step that needs no consent; never raises for what the systems say."""
        return await self._proposer.propose(work)

    async def propose_again(self, work: Work, operation: str) -> Proposal:
        """Examine a work that was left open: no dry run, for a part of it may be done; its own lock is in no way."""
        proposal = await self._proposer.propose(work, dry_run=False)
        return replace(proposal, findings=tuple(_without_own_lock(each, operation) for each in proposal.findings))

    async def consent_then(self, operation: str) -> Consent:
        """Return the consent an operation was begun or last taken up with; JournalFailed."""
        return await self._given_then(operation, Consent())

    async def carry_out(self, work: Work, proposal: Proposal, consent: Consent, progress: RunProgress) -> Outcome:
        """Do what was proposed, if every step agrees; the outcome says how it ended, also when it was refused.

        Cancelling leaves the operation open in the journal, for the next start to find.
        """
        operation = uuid.uuid4().hex[:12]
        try:
            progress.enter(Step.ARMED)
            self._demand_armed(work.change)
            proposal = await self._refreshed(work, proposal)
            self._demand_agreement(proposal, consent, progress)
            progress.enter(Step.LOCK)
            await self._clear_lock(work.change, consent, operation)
            async with self._held(work.change, operation) as lock:
                progress.obey(lock)
                await self._demand_alone(proposal, consent, progress)
                progress.enter(Step.INTENT, operation)
                data = intent_data(proposal, consent, lock)
                await self._journal.record(operation, EventKind.INTENT, work.change.stamp, data)
                return await self._finish(work, operation, lock, progress)
        except (Refused, JournalFailed, SourceError) as refusal:
            return await self._refuse(work.change, operation, consent, refusal)
        finally:
            progress.obey(None)

    async def take_up(
        self, work: Work, operation: str, progress: RunProgress, consent: Consent | None = None
    ) -> Outcome:
        """Go on with an operation that was left open by a process that ended.

        The consent given then holds, with what `consent` adds to it; rights and rules are asked anew, for the
        other stamps may have changed since. Nothing is done where all is as intended already. Refusing to go
        on does not end the operation: it stays open.
        """
        change = work.change
        try:
            progress.enter(Step.ARMED)
            self._demand_armed(change)
            given = await self._given_then(operation, consent or Consent())
            proposal = await self.propose_again(work, operation)
            self._demand_agreement(proposal, given, progress)
            progress.enter(Step.LOCK)
            await self._clear_lock(change, given, operation)
            async with self._held(change, operation) as lock:
                progress.obey(lock)
                await self._demand_alone(proposal, given, progress)
                progress.enter(Step.INTENT, operation)
                data = {**consent_data(given), **lock_data(lock)}
                await self._journal.record(operation, EventKind.RESUMED, change.stamp, data)
                found = await read_back(work)
                if isinstance(found, str) or not found.ok:
                    return await self._finish(work, operation, lock, progress)
                what = f"nothing was left to do: {change.summary}"
                return await self._record(Outcome(Result.DONE, Step.OUTCOME, what, found.evidence, "", operation), work)
        except (Refused, JournalFailed, SourceError) as refusal:
            return _refusal(refusal, operation)
        finally:
            progress.obey(None)

    # The steps before the act

    def _demand_armed(self, change: Change) -> None:
        if not self.arming.is_armed:
            why = self.arming.state.value.why_not or "the console is read-only"
            raise _refused(Step.ARMED, change, why, "arm writing first: W, or --write on the command line")

    async def _refreshed(self, work: Work, shown: Proposal) -> Proposal:
        """Return the proposal, examined again when it is old; Refused when it would do something else by now."""
        if 0 <= self._clock.now() - shown.made_at <= FRESH_S:
            return shown
        proposal = await self.propose(work)
        if not proposal.problem and proposal.preview.diff != shown.preview.diff:
            why = "the object changed since the plan was shown"
            raise _refused(Step.DRY_RUN, work.change, why, "look at it again")
        return proposal

    def _demand_agreement(self, proposal: Proposal, consent: Consent, progress: RunProgress) -> None:
        for step in STEPS:
            progress.enter(step)
            demand_agreement(step, proposal, consent)

    async def _demand_alone(self, proposal: Proposal, consent: Consent, progress: RunProgress) -> None:
        """Ask again who else works, now that all can see our lock: of two that looked at once, neither goes on."""
        if proposal.change.impact is not Impact.DISRUPTIVE:
            return
        found = await self._preconditions.examine_locked(proposal.change)
        refusals = Proposal(proposal.change, (), tuple(found), proposal.preview, proposal.ask, proposal.made_at)
        demand_agreement(Step.PRECONDITIONS, refusals, consent)

    def _held(self, change: Change, operation: str) -> AbstractAsyncContextManager[HeldLock]:
        return self._lock.hold(change, operation) if change.takes_lock else nullcontext(NoLock())

    async def _clear_lock(self, change: Change, consent: Consent, operation: str) -> None:
        if self._takeovers is not None:
            await self._takeovers.clear(change.stamp, consent.typed_names, operation)

    async def _given_then(self, operation: str, now: Consent) -> Consent:
        """Return the consent the operation was begun or last taken up with, joined with what is given now."""
        given = now
        for event in await self._journal.events(operation=operation):
            if event.kind in (EventKind.INTENT, EventKind.RESUMED):
                then = consent_of(event.data)
                given = Consent(
                    confirmed=given.confirmed or then.confirmed,
                    typed_names=(*given.typed_names, *then.typed_names),
                    overrides=tuple(dict.fromkeys((*given.overrides, *then.overrides))),
                    reason=given.reason or then.reason,
                )
        return given

    # The act and its end

    async def _finish(self, work: Work, operation: str, lock: HeldLock, progress: RunProgress) -> Outcome:
        outcome = await act_and_verify(work, operation, lock, progress)
        progress.enter(Step.OUTCOME, operation)
        return await self._record(outcome, work)

    async def _record(self, outcome: Outcome, work: Work) -> Outcome:
        try:
            data = outcome_data(outcome)
            await self._journal.record(outcome.operation, EventKind.OUTCOME, work.change.stamp, data)
        except JournalFailed as error:
            why = f"{outcome.why}; and the outcome could not be written down: {error}".removeprefix("; ")
            result = Result.UNVERIFIED if outcome.is_well else outcome.result
            return Outcome(result, Step.OUTCOME, outcome.what, why, outcome.todo, outcome.operation)
        return outcome

    async def _refuse(self, change: Change, operation: str, consent: Consent, refusal: StampdeckError) -> Outcome:
        """Write the refusal down; a journal that fails changes nothing of what was refused."""
        outcome = _refusal(refusal, operation)
        data = {**change_data(change), **consent_data(consent), "step": outcome.step, "why": outcome.why}
        try:
            await self._journal.record(operation, EventKind.REFUSED, change.stamp, data)
        except JournalFailed as error:
            _log.warning("a refusal could not be written down: %s", error)
            return Outcome(outcome.result, outcome.step, outcome.what, outcome.why, outcome.todo)
        return outcome


def _refused(step: Step, change: Change, why: str, todo: str) -> Refused:
    return Refused(f"refused to {change.summary}", step=step, why=why, todo=todo, stamp=change.stamp)


def _without_own_lock(finding: Finding, operation: str) -> Finding:
    """A lost lock that the operation itself left is taken again with it: its holder's name ends in its number."""
    left_by = finding.typed.rpartition("/")[2]
    if not left_by or not operation.startswith(left_by):
        return finding
    return Finding(finding.rule, Level.PASS, f"{finding.typed} left its lock: it goes on under it", finding.stamp)


def _refusal(error: StampdeckError, operation: str) -> Outcome:
    step = (
        Step(error.step) if isinstance(error, Refused) else Step.LOCK if isinstance(error, SourceError) else Step.INTENT
    )
    return Outcome(Result.REFUSED, step, error.what, error.why, error.todo, operation)
