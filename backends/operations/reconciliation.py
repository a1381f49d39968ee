"""Operations that a process left open when it ended, compared at a start with what the clusters say now.

Nothing is done here a second time: what is found done, or not done and over, gets the outcome it never had;
what can be taken up again stays open until an operator decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from backends.errors import JournalFailed, SourceError, UsageError
from backends.model.age import format_time
from backends.model.change import Change
from backends.model.journal import Author, EventKind, JournalEvent, OpenOperation, is_whole
from backends.model.proposal import Result, Step
from backends.model.recorded import told
from backends.operations.gate_records import change_of
from backends.operations.ports import Journal
from backends.operations.work import Verified
from backends.streams import Cell

_log = logging.getLogger(__name__)

_ENGINE_RUNS = ("upgrade", "scale", "addpool", "deploy", "rotate-certs", "get-logs")
RESUMABLE = frozenset({"drain", *(f"aks-engine {word}" for word in _ENGINE_RUNS)})
"""Actions whose work goes on where it stopped: they are not closed when they are found half done."""


class Verifiable(Protocol):
    """What is needed of a work here."""

    async def verify(self) -> Verified: ...


class Found(StrEnum):
    """What became of an operation without an outcome."""

    AT_WORK = "at work"
    """Its process still runs on this machine: left alone."""
    ELSEWHERE = "elsewhere"
    """Its process was on a machine or in a container that cannot be seen from here: left alone."""
    DONE = "done"
    NOT_DONE = "not done"
    PARTLY = "partly done"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An operation that was open at a start: what was found, by which evidence, and what to do if it still is."""

    operation: OpenOperation
    found: Found
    evidence: str
    change: Change | None = None
    is_closed: bool = False
    todo: str = ""

    @property
    def can_resume(self) -> bool:
        """Whether it can be taken up where it stopped."""
        return not self.is_closed and self.change is not None and self.found in (Found.PARTLY, Found.NOT_DONE)

    def __str__(self) -> str:
        what = told(self.operation.intent)
        todo = f" — {self.todo}" if self.todo else ""
        return f"{what}: {self.found}: {self.evidence}{todo}"


def as_recorded(operation: OpenOperation, works_still: Callable[[Author], bool | None]) -> Reconciled:
    """Return what is known of an open operation without asking its cluster: what the last start found."""
    lives = works_still(operation.holder)
    if lives is not False:
        return _left_alone(operation, lives)
    last = next((each for each in reversed(operation.events) if each.kind is EventKind.RECONCILED), None)
    if last is None:
        todo = "open the console, or: stampdeck audit open --compare"
        return Reconciled(operation, Found.UNKNOWN, "its process ended; not yet compared with the cluster", todo=todo)
    known = next((each for each in Found if each == last.data.get("finding")), Found.UNKNOWN)
    evidence = f"{last.data.get('evidence', '')} (found at {format_time(last.at)})"
    return Reconciled(operation, known, evidence, todo=f"go on with it, or: {_close(operation)}")


class Reconciliation:
    """Compares open operations with the clusters; `state` has what was found, oldest first.

    `rebuild` makes the work of a recorded change, or None when it cannot; `works_still` tells of a process
    whether it runs, or None when it cannot be seen.
    """

    def __init__(
        self,
        journal: Journal,
        rebuild: Callable[[Change], Verifiable | None],
        works_still: Callable[[Author], bool | None],
        resumable: Collection[str] = RESUMABLE,
    ) -> None:
        self._journal = journal
        self._rebuild = rebuild
        self._works_still = works_still
        self._resumable = resumable
        self.state: Cell[tuple[Reconciled, ...]] = Cell(())

    async def run(self) -> tuple[Reconciled, ...]:
        """Compare what is open now and return it; a stamp that does not answer holds up only its own.

        Raises JournalFailed.
        """
        found: dict[int, Reconciled] = {}

        async def take(operation: OpenOperation) -> None:
            reconciled = await self._reconcile(operation)
            if reconciled is not None:
                found[operation.intent.number] = reconciled
                self.state.set(tuple(found[number] for number in sorted(found)))

        try:
            async with asyncio.TaskGroup() as group:
                for operation in await self._journal.open_operations():
                    group.create_task(take(operation))
        except* JournalFailed as failures:
            raise failures.exceptions[0] from None
        self.state.set(tuple(found[number] for number in sorted(found)))
        return self.state.value

    async def close(self, operation: str, reason: str) -> JournalEvent:
        """Give an operation up that nobody will go on with; UsageError when it is not open or still at work."""
        open_now = {each.operation: each for each in await self._journal.open_operations()}
        if operation not in open_now:
            raise UsageError(f"no open operation {operation}", why="it has ended, or never was", todo=_LIST)
        if self._works_still(open_now[operation].holder):
            raise UsageError(f"operation {operation} is still at work", why=_place(open_now[operation]), todo=_STOP)
        data = _outcome(Result.CANCELLED, "given up by the operator", reason)
        event = await self._journal.record(operation, EventKind.OUTCOME, open_now[operation].intent.stamp, data)
        self.state.set(tuple(each for each in self.state.value if each.operation.operation != operation))
        return event

    async def _reconcile(self, operation: OpenOperation) -> Reconciled | None:
        """Return what is found of one operation; None when another console was faster."""
        lives = self._works_still(operation.holder)
        if lives is not False:
            return _left_alone(operation, lives)
        compared = await self._compare(operation)
        newest = (await self._journal.events(operation=operation.operation, limit=1))[-1]
        if newest.number != operation.events[-1].number:
            return None
        return await self._write_down(compared)

    async def _compare(self, operation: OpenOperation) -> Reconciled:
        try:
            change = change_of(operation.intent.stamp, operation.intent.data)
        except (KeyError, TypeError, ValueError):
            return _unknown(operation, None, "the journal does not say what was to be done")
        work = self._rebuild(change)
        if work is None:
            return _unknown(operation, change, f"this console cannot look after a {change.action} on {change.stamp}")
        try:
            verified = await work.verify()
        except SourceError as error:
            return _unknown(operation, change, str(error))
        except Exception as error:  # one operation that cannot be judged must not keep the others open
            _log.exception("operation %s could not be compared", operation.operation)
            return _unknown(operation, change, f"{type(error).__name__}: {error}")
        if verified.ok:
            return Reconciled(operation, Found.DONE, verified.evidence, change, is_closed=True)
        if not is_whole(change.parameters):
            why = "a secret or a long text of it is not in the journal, so it cannot be told from another"
            return _unknown(operation, change, f"{why}; {verified.evidence}")
        began = any(each.kind is EventKind.STEP for each in operation.events)
        found = Found.PARTLY if began else Found.NOT_DONE
        if change.action in self._resumable:
            todo = f"take it up again, or give it up: {_close(operation)}"
            return Reconciled(operation, found, verified.evidence, change, todo=todo)
        return Reconciled(
            operation, found, verified.evidence, change, is_closed=True, todo="do it again if it is wanted"
        )

    async def _write_down(self, reconciled: Reconciled) -> Reconciled:
        operation, stamp = reconciled.operation, reconciled.operation.intent.stamp
        data = {"finding": reconciled.found.value, "evidence": reconciled.evidence}
        last = operation.events[-1]
        # Found the same at every start: said once.
        if last.kind is not EventKind.RECONCILED or dict(last.data) != data:
            await self._journal.record(operation.operation, EventKind.RECONCILED, stamp, data)
        if reconciled.is_closed:
            result = Result.DONE if reconciled.found is Found.DONE else Result.FAILED
            outcome = _outcome(result, f"found {reconciled.found} at the next start", reconciled.evidence)
            await self._journal.record(operation.operation, EventKind.OUTCOME, stamp, outcome)
        return reconciled


_LIST = "see stampdeck audit open"
_STOP = "cancel it there, or end that process"
_AGAIN = "do it again if it is wanted"


def _close(operation: OpenOperation) -> str:
    return f"stampdeck audit close {operation.operation}"


def _place(operation: OpenOperation) -> str:
    holder = operation.holder
    pid = holder.process.partition(":")[0]
    return f"by {holder}" + (f", process {pid}" if pid else "")


def _left_alone(operation: OpenOperation, lives: bool | None) -> Reconciled:
    if lives:
        return Reconciled(operation, Found.AT_WORK, _place(operation))
    todo = f"look there; if nobody goes on with it: {_close(operation)}"
    return Reconciled(operation, Found.ELSEWHERE, _place(operation), todo=todo)


def _unknown(operation: OpenOperation, change: Change | None, why: str) -> Reconciled:
    todo = f"look at it yourself, then: {_close(operation)}"
    return Reconciled(operation, Found.UNKNOWN, why, change, todo=todo)


def _outcome(result: Result, what: str, why: str) -> dict[str, Any]:
    return {"result": result.value, "step": Step.VERIFY.value, "what": what, "why": why}
