"""The one gate every write of the console passes.

    armed → allowed → preconditions on all stamps → dry run → confirm → team lock → intent → act → verify → outcome

A step that says no ends it there, and the journal says which, why and what to do. The intent is on disk before
anything is sent: what is open when the console dies is found, and compared with the cluster, at its next start.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

from backends.clock import Clock
from backends.errors import JournalFailed, Refused, SourceError, StampdeckError
from backends.model.change import Change
from backends.model.journal import EventKind
from backends.model.proposal import (
    AccessAnswer,
    Ask,
    Consent,
    Finding,
    Outcome,
    Preview,
    Proposal,
    Result,
    Step,
)
from backends.model.stamp import Protection
from backends.operations.arming import Arming
from backends.operations.gate_records import change_data, consent_data, intent_data, lock_data, outcome_data
from backends.operations.locking import SharedLock, StampLock
from backends.operations.ports import ClusterReader, Journal
from backends.operations.work import PartlyDone, RunProgress, Stopped, Work

_log = logging.getLogger(__name__)

FRESH_S = 2.0
"""A proposal older than this is examined again before it is carried out: reading takes an operator longer."""


class Preconditions(Protocol):
    """The rules over all stamps."""

    async def examine(self, change: Change) -> Sequence[Finding]:
        """Answer every rule that applies to this change."""
        ...


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
    ) -> None:
        self._clusters = clusters
        self._preconditions = preconditions
        self._lock = SharedLock(lock)
        self._journal = journal
        self._clock = clock
        self.arming = arming

    async def propose(self, work: Work) -> Proposal:
        """Examine a work on every step that needs no consent; never raises for what the systems say."""
        change = work.change
        access, fleet, own, preview = await asyncio.gather(
            self._access(change), self._examine(change), self._own_findings(work), self._preview(work)
        )
        problem = next((each for each in (access[1], fleet[1], own[1], preview[1]) if each), "")
        return Proposal(
            change=change,
            access=access[0],
            findings=(*fleet[0], *own[0]),
            preview=preview[0],
            ask=_ASKS[self._clusters[change.stamp].stamp.protection],
            made_at=self._clock.now(),
            problem=problem,
        )

    async def carry_out(self, work: Work, proposal: Proposal, consent: Consent, progress: RunProgress) -> Outcome:
        """Do what was proposed, if every step agrees; the outcome says how it ended, also when it was refused.

        Cancelling leaves the operation open in the journal, for the next start to find.
        """
        operation = uuid.uuid4().hex[:12]
        try:
            proposal = await self._agree(work, proposal, consent, progress)
            progress.enter(Step.LOCK)
            async with self._lock.hold(work.change, operation) as lock:
                progress.obey(lock)
                progress.enter(Step.INTENT, operation)
                data = intent_data(proposal, consent, lock)
                await self._journal.record(operation, EventKind.INTENT, work.change.stamp, data)
                return await self._act(work, operation, progress)
        except (Refused, JournalFailed, SourceError) as refusal:
            return await self._refuse(work.change, operation, consent, progress, refusal)
        finally:
            progress.obey(None)

    async def take_up(self, work: Work, operation: str, progress: RunProgress) -> Outcome:
        """Go on with an operation that was left open by a process that ended; its consent was given then."""
        try:
            progress.enter(Step.ARMED)
            self._demand_armed(work.change)
            progress.enter(Step.LOCK)
            async with self._lock.hold(work.change, operation) as lock:
                progress.obey(lock)
                progress.enter(Step.INTENT, operation)
                await self._journal.record(operation, EventKind.RESUMED, work.change.stamp, lock_data(lock))
                return await self._act(work, operation, progress)
        except (Refused, JournalFailed, SourceError) as refusal:
            # The operation stays open: refusing to go on does not end it.
            return _outcome_of(refusal, Step(getattr(refusal, "step", Step.LOCK)), operation)
        finally:
            progress.obey(None)

    # The steps before the act

    async def _agree(self, work: Work, proposal: Proposal, consent: Consent, progress: RunProgress) -> Proposal:
        change = work.change
        progress.enter(Step.ARMED)
        self._demand_armed(change)
        if self._clock.now() - proposal.made_at > FRESH_S:
            shown, proposal = proposal, await self.propose(work)
            if proposal.preview.diff != shown.preview.diff:
                raise _refused(Step.DRY_RUN, change, "the object changed since the plan was shown", "look at it again")
        progress.enter(Step.ALLOWED)
        if denied := proposal.denied:
            why = "; ".join(f"{each.permission}: {each.reason or 'not allowed'}" for each in denied)
            raise _refused(Step.ALLOWED, change, why, "ask whoever grants rights on this stamp")
        progress.enter(Step.PRECONDITIONS)
        if refusals := proposal.refusals(consent.overrides):
            why = "; ".join(f"{each.rule}: {each.evidence}" for each in refusals)
            open_rules = [each.rule for each in refusals if each.overridable]
            todo = f"mend it, or override {', '.join(open_rules)} with a reason" if open_rules else "mend it first"
            raise _refused(Step.PRECONDITIONS, change, why, todo)
        if consent.overrides and not consent.reason.strip():
            raise _refused(
                Step.PRECONDITIONS, change, "an override wants a reason", "say why: it goes to the audit log"
            )
        progress.enter(Step.DRY_RUN)
        if proposal.problem:
            raise _refused(Step.DRY_RUN, change, proposal.problem, "correct it and look again")
        progress.enter(Step.CONFIRM)
        if not consent.confirmed:
            raise _refused(Step.CONFIRM, change, "it was not confirmed", "")
        if proposal.ask is Ask.NAME and change.stamp not in consent.typed_names:
            raise _refused(Step.CONFIRM, change, "this stamp is protected", f"type its name: {change.stamp}")
        return proposal

    def _demand_armed(self, change: Change) -> None:
        if not self.arming.is_armed:
            why = self.arming.state.value.why_not or "the console is read-only"
            raise _refused(Step.ARMED, change, why, "arm writing first: W, or --write on the command line")

    async def _access(self, change: Change) -> tuple[tuple[AccessAnswer, ...], str]:
        cluster = self._clusters[change.stamp]
        try:
            answers = await asyncio.gather(
                *(
                    cluster.may(each.verb, each.kind, namespace=each.namespace, subresource=each.subresource)
                    for each in change.needs
                )
            )
        except SourceError as error:
            return (), str(error)
        pairs = zip(change.needs, answers, strict=True)
        return tuple(AccessAnswer(need, allowed, reason) for need, (allowed, reason) in pairs), ""

    async def _examine(self, change: Change) -> tuple[Sequence[Finding], str]:
        try:
            return await self._preconditions.examine(change), ""
        except SourceError as error:
            return (), str(error)

    async def _own_findings(self, work: Work) -> tuple[Sequence[Finding], str]:
        try:
            return await work.findings(), ""
        except SourceError as error:
            return (), str(error)

    async def _preview(self, work: Work) -> tuple[Preview, str]:
        try:
            return await work.preview(), ""
        except SourceError as error:
            return Preview(), str(error)

    # Intent, act, outcome

    async def _act(self, work: Work, operation: str, progress: RunProgress) -> Outcome:
        progress.enter(Step.ACT, operation)
        outcome = await self._attempt(work, operation, progress)
        progress.enter(Step.OUTCOME, operation)
        try:
            await self._journal.record(operation, EventKind.OUTCOME, work.change.stamp, outcome_data(outcome))
        except JournalFailed as error:
            why = f"{outcome.why}; and the outcome could not be written down: {error}".removeprefix("; ")
            return Outcome(Result.UNVERIFIED, Step.OUTCOME, outcome.what, why, outcome.todo, operation)
        return outcome

    async def _attempt(self, work: Work, operation: str, progress: RunProgress) -> Outcome:
        try:
            await progress.checkpoint()
            done = await work.act(progress)
        except Stopped as stopped:
            return _outcome_of(stopped, Step.ACT, operation, Result.CANCELLED)
        except (PartlyDone, StampdeckError) as error:
            return _outcome_of(error, Step.ACT, operation, Result.FAILED)
        except Exception as error:
            _log.exception("%s failed", work.change.summary)
            why = f"{type(error).__name__}: {error}"
            return Outcome(Result.FAILED, Step.ACT, f"{work.change.summary} failed", why, _LOOK, operation)
        progress.enter(Step.VERIFY, operation)
        try:
            found = await work.verify()
        except SourceError as error:
            return Outcome(
                Result.UNVERIFIED, Step.VERIFY, done, f"it could not be read back: {error}", _LOOK, operation
            )
        if not found.ok:
            return Outcome(Result.UNVERIFIED, Step.VERIFY, done, f"but {found.evidence}", _LOOK, operation)
        return Outcome(Result.DONE, Step.OUTCOME, done, found.evidence, "", operation)

    async def _refuse(
        self, change: Change, operation: str, consent: Consent, progress: RunProgress, refusal: StampdeckError
    ) -> Outcome:
        """Write the refusal down; a journal that fails changes nothing of what was refused."""
        step = Step(refusal.step) if isinstance(refusal, Refused) else Step.INTENT
        outcome = _outcome_of(refusal, step, operation)
        data = {**change_data(change), **consent_data(consent), "step": step, "why": outcome.why}
        try:
            await self._journal.record(operation, EventKind.REFUSED, change.stamp, data)
        except JournalFailed as error:
            _log.warning("a refusal could not be written down: %s", error)
            return Outcome(outcome.result, step, outcome.what, outcome.why, outcome.todo)
        return outcome


_LOOK = "look at the object before you try again"
_ASKS = {Protection.OPEN: Ask.ONCE, Protection.CONFIRM: Ask.EACH, Protection.TYPED: Ask.NAME}


def _refused(step: Step, change: Change, why: str, todo: str) -> Refused:
    return Refused(f"refused to {change.summary}", step=step, why=why, todo=todo, stamp=change.stamp)


def _outcome_of(error: StampdeckError, step: Step, operation: str, result: Result = Result.REFUSED) -> Outcome:
    return Outcome(result, step, error.what, error.why, error.todo, operation)
