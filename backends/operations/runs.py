"""Every change that is carried out, owned here and not by a screen: screens watch, and quitting one kills none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from backends.clock import Clock
from backends.errors import JournalFailed
from backends.model.change import Change
from backends.model.fleet import Severity
from backends.model.journal import EventKind
from backends.model.proposal import Consent, Outcome, Proposal, Result, Step
from backends.model.run import ItemState, RunItem, RunLine, RunState, RunStatus
from backends.operations.gate import Gate
from backends.operations.locking import HeldLock
from backends.operations.ports import Journal
from backends.operations.work import Cancelled, Stopped, Work
from backends.streams import Cell, Feed

_log = logging.getLogger(__name__)

KEPT = 200
"""Ended runs that stay in the list; the journal keeps all."""
_LOST = "look who holds it, and at the object, before you go on"
_ENDS = {Result.DONE: RunState.SUCCEEDED, Result.CANCELLED: RunState.CANCELLED}


class Run:
    """One change being carried out: watch `status` and `lines`; pause, resume or cancel it.

    `number` names it among the runs of this console, before it has an operation.
    """

    def __init__(self, change: Change, journal: Journal, clock: Clock, number: int = 0) -> None:
        self.number = number
        self._journal = journal
        self._clock = clock
        self._lock: HeldLock | None = None
        self._going = asyncio.Event()
        self._going.set()
        self._stopping = False
        self.status: Cell[RunStatus] = Cell(RunStatus(change))
        self.lines: Feed[RunLine] = Feed(5_000)
        self.task: asyncio.Task[Outcome] | None = None

    @property
    def change(self) -> Change:
        """What it is about."""
        return self.status.value.change

    async def finished(self) -> Outcome:
        """Wait for its end; cancelling the waiter does not end the run."""
        assert self.task is not None
        return await asyncio.shield(self.task)

    # What an operator can tell it

    @property
    def is_held(self) -> bool:
        """Whether it was asked to pause and not yet to go on."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Hold it at its next safe point."""
        if not self.status.value.state.is_over and not self._stopping:
            self._going.clear()
            self.say("asked to pause: it will hold at the next safe point", Severity.WARNING)

    def resume(self) -> None:
        """Let it go on."""
        self._going.set()

    def cancel(self) -> None:
        """Stop it at its next safe point; what is done stays done, and is said."""
        if self.status.value.state.is_over or self._stopping:
            return
        self._stopping = True
        self._set(state=RunState.STOPPING)
        self.say("asked to stop: it will end at the next safe point", Severity.WARNING)
        self._going.set()

    # What the gate and the work tell it

    @property
    def operation(self) -> str:
        """Its number in the journal, empty before the intent."""
        return self.status.value.operation

    def enter(self, step: Step, operation: str = "") -> None:
        """Note the step of the gate that begins."""
        status = self.status.value
        state = RunState.RUNNING if status.state is RunState.PLANNED else status.state
        self._set(step=step, state=state, operation=operation or status.operation)

    def obey(self, lock: HeldLock | None) -> None:
        """Stop at the next checkpoint when this lock is lost."""
        self._lock = lock

    def say(self, text: str, severity: Severity = Severity.INFO) -> None:
        """Add a line."""
        self.lines.append(RunLine(self._clock.now(), severity, text))

    def item(self, key: str, state: ItemState, text: str = "") -> None:
        """Set where one part stands."""
        items = self.status.value.items
        at = next((at for at, each in enumerate(items) if each.key == key), len(items))
        since = self._clock.now() if at == len(items) or items[at].state is not state else items[at].since
        self._set(items=(*items[:at], RunItem(key, state, text, since), *items[at + 1 :]))

    async def note(self, data: Mapping[str, Any]) -> None:
        """Write a step of the work to the journal."""
        await self._journal.record(self.operation, EventKind.STEP, self.change.stamp, data)

    async def checkpoint(self) -> None:
        """Wait while paused; raise Stopped when it has to end."""
        await self._demand_going()
        if self._going.is_set():
            return
        self._set(state=RunState.PAUSED)
        self.say("paused", Severity.WARNING)
        await self._record(EventKind.PAUSED)
        await self._going.wait()
        await self._demand_going()
        self._set(state=RunState.RUNNING)
        self.say("goes on")
        await self._record(EventKind.RESUMED)

    async def _demand_going(self) -> None:
        if self._stopping:
            await self._record(EventKind.CANCEL)
            why = "cancelled by the operator"
            raise Cancelled(f"stopped: {self.change.summary}", why=why, stamp=self.change.stamp)
        if self._lock is not None and self._lock.lost:
            why = f"the team lock was lost: {self._lock.lost}"
            raise Stopped(f"stopped: {self.change.summary}", why=why, todo=_LOST, stamp=self.change.stamp)

    async def _record(self, kind: EventKind) -> None:
        """Write down what the operator told it; a journal that fails then must not keep it from being obeyed."""
        try:
            await self._journal.record(self.operation, kind, self.change.stamp)
        except JournalFailed as error:
            self.say(f"could not be written down: {error}", Severity.WARNING)

    # Its own end

    async def run(self, carry_out: Callable[[Run], Awaitable[Outcome]]) -> Outcome:
        """Carry it out and note the end."""
        self._set(state=RunState.RUNNING, started_at=self._clock.now())
        try:
            outcome = await carry_out(self)
        except Exception as error:  # a fault of ours: it must end as a failure, not as a run that never ends
            _log.exception("%s failed", self.change.summary)
            step, why = self.status.value.step, f"{type(error).__name__}: {error}"
            todo = "look at the object and at the audit log before you try again"
            outcome = Outcome(Result.FAILED, step, f"{self.change.summary} failed", why, todo, self.operation)
        severity = Severity.GOOD if outcome.is_well else Severity.BAD
        self.say(str(outcome), severity)
        state = _ENDS.get(outcome.result, RunState.FAILED)
        self._set(state=state, ended_at=self._clock.now(), outcome=outcome, operation=outcome.operation)
        return outcome

    def _set(self, **changes: Any) -> None:
        self.status.set(replace(self.status.value, **changes))


class Runs:
    """Starts changes and keeps them; closing it leaves what is unfinished open in the journal."""

    def __init__(self, gate: Gate, journal: Journal, clock: Clock) -> None:
        self._gate = gate
        self._journal = journal
        self._clock = clock
        self._numbers = count(1)
        self.all: Cell[tuple[Run, ...]] = Cell(())

    @property
    def active(self) -> tuple[Run, ...]:
        """The runs that have not ended."""
        return tuple(run for run in self.all.value if not run.status.value.state.is_over)

    def find(self, number: int) -> Run | None:
        """Return the run of this number, None when it is forgotten."""
        return next((run for run in self.all.value if run.number == number), None)

    def start(self, work: Work, proposal: Proposal, consent: Consent) -> Run:
        """Carry out a proposed change from now on, whoever watches."""
        return self._begin(work, lambda run: self._gate.carry_out(work, proposal, consent, run))

    def take_up(self, work: Work, operation: str, consent: Consent | None = None) -> Run:
        """Go on with an operation that an ended process left open; `consent` adds to what was given then."""
        return self._begin(work, lambda run: self._gate.take_up(work, operation, run, consent))

    async def close(self) -> None:
        """End what is going on here; the journal keeps it open for the next start."""
        tasks = [run.task for run in self.active if run.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Work, carry_out: Callable[[Run], Awaitable[Outcome]]) -> Run:
        run = Run(work.change, self._journal, self._clock, next(self._numbers))
        run.task = asyncio.create_task(run.run(carry_out), name=f"run: {work.change.summary}")
        ended = [each for each in self.all.value if each.status.value.state.is_over]
        forgotten = set(ended[: max(0, len(ended) - KEPT)])
        self.all.set((*(each for each in self.all.value if each not in forgotten), run))
        return run
