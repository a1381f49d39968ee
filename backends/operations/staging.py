"""The same change on several stamps, one after another: first, soak, rest; halted when health regresses.

Every stamp's change is a run of its own, through the gate and in the journal; what is halted is left where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from backends.clock import Clock
from backends.errors import StampdeckError
from backends.model.fleet import FleetSnapshot
from backends.model.proposal import Consent, Proposal
from backends.model.vitals import Vitals
from backends.operations.gate import Gate
from backends.operations.runs import Run, Runs
from backends.operations.work import Work
from backends.streams import Cell

SOAK_S = 60.0
"""How long a stamp is watched after its change before the next one is touched."""
_LOOK_S = 2.0
_BAD_LOOKS = 3
"""So many looks in a row at worse health halt it: one late answer is no regression."""

PlanOne = Callable[[str], Awaitable[Work]]
"""Makes the work of one stamp, from how it is there; raises StampdeckError."""


Agree = Callable[[Work, Proposal], Awaitable[Consent | None]]
"""Shows the plan of one stamp and returns the consent; None stops there."""


class StageState(StrEnum):
    """Where one stamp of a staged change stands."""

    WAITING = "waiting"
    ACTING = "acting"
    SOAKING = "soaking"
    DONE = "done"
    HALTED = "halted"
    """Its change failed, was refused, or its health became worse."""
    NOT_BEGUN = "not begun"
    """Left as it was, because an earlier stamp halted it or the operator did."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stamp of a staged change; `until` is when its soak ends (seconds of the Unix epoch)."""

    stamp: str
    state: StageState = StageState.WAITING
    text: str = ""
    until: float | None = None
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Staged:
    """The whole of it: the stages in their order, and the verdict when it is over."""

    stages: tuple[Stage, ...]
    over: bool = False
    verdict: str = ""

    @property
    def is_well(self) -> bool:
        """Whether every stamp was done."""
        return self.over and all(each.state is StageState.DONE for each in self.stages)


class Question:
    """The plan of one stamp that waits for an answer: a consent, or None to stop there."""

    def __init__(self, work: Work, proposal: Proposal) -> None:
        self.work = work
        self.proposal = proposal
        self._answer: asyncio.Future[Consent | None] = asyncio.get_running_loop().create_future()

    def answer(self, consent: Consent | None) -> None:
        """Answer it; only the first answer counts."""
        if not self._answer.done():
            self._answer.set_result(consent)

    async def answered(self) -> Consent | None:
        """Wait for the answer."""
        return await self._answer


class Staging:
    """One staged change: watch `state`; `cancel` it. Stamps are changed in the order given."""

    def __init__(
        self,
        stamps: Sequence[str],
        plan: PlanOne,
        gate: Gate,
        runs: Runs,
        fleet: Cell[FleetSnapshot],
        clock: Clock,
        *,
        soak_s: float = SOAK_S,
    ) -> None:
        self._plan = plan
        self._gate = gate
        self._runs = runs
        self._fleet = fleet
        self._clock = clock
        self._soak_s = soak_s
        self._cancelled = False
        self._run: Run | None = None
        self._task: asyncio.Task[Staged] | None = None
        self.state: Cell[Staged] = Cell(Staged(tuple(Stage(stamp) for stamp in stamps)))
        self.question: Cell[Question | None] = Cell(None)
        """What waits for an answer since `begin`, whoever looks."""

    def begin(self) -> None:
        """Carry it out from now on, asking through `question`."""
        self._task = asyncio.create_task(self.carry_out(self._ask), name="staging")

    async def close(self) -> None:
        """End it here and now: the stamp being changed is left to its run, no other is begun."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _ask(self, work: Work, proposal: Proposal) -> Consent | None:
        question = Question(work, proposal)
        self.question.set(question)
        try:
            return await question.answered()
        finally:
            self.question.set(None)

    def cancel(self) -> None:
        """Stop: what is going on ends at its next safe point, the stamps that follow are not begun."""
        self._cancelled = True
        if self._run is not None:
            self._run.cancel()
        if (question := self.question.value) is not None:
            question.answer(None)

    async def carry_out(self, agree: Agree) -> Staged:
        """Change the stamps in turn; `agree` is asked for each, with its plan, and answers None to stop there."""
        last = len(self.state.value.stages) - 1
        for at in range(last + 1):
            try:
                problem = "stopped by the operator" if self._cancelled else await self._one(at, agree, soak=at < last)
            except StampdeckError as error:
                problem = str(error)
            if problem:
                return self._halt(at, problem)
        return self._end(f"done on {self._counted(last + 1)}")

    async def _one(self, at: int, agree: Agree, *, soak: bool) -> str:
        """Change one stamp and watch it; return why it ends here, or nothing."""
        stamp = self.state.value.stages[at].stamp
        before = self._vitals(stamp)
        self._set(at, StageState.ACTING, "examining")
        work = await self._plan(stamp)
        proposal = await self._gate.propose(work)
        consent = await agree(work, proposal)
        if consent is None:
            return "not agreed to"
        self._set(at, StageState.ACTING, work.change.summary)
        run = self._run = self._runs.start(work, proposal, consent)
        outcome = await run.finished()
        self._run = None
        self._set(at, StageState.ACTING, str(outcome), operation=outcome.operation)
        if not outcome.is_well:
            return str(outcome)
        problem = await self._soak(at, before) if soak else ""
        if not problem:
            self._set(at, StageState.DONE, str(outcome), operation=outcome.operation)
        return problem

    async def _soak(self, at: int, before: Vitals) -> str:
        """Watch a stamp after its change; return what became worse."""
        stage = self.state.value.stages[at]
        ends = self._clock.now() + self._soak_s
        self._set(at, StageState.SOAKING, stage.text, until=ends, operation=stage.operation)
        bad = 0
        while self._clock.now() < ends:
            if self._cancelled:
                return "stopped by the operator"
            worse = self._worse(stage.stamp, before)
            bad = bad + 1 if worse else 0
            if bad >= _BAD_LOOKS:
                return f"its health became worse while it soaked: {worse}"
            await self._clock.sleep(min(_LOOK_S, max(0.01, ends - self._clock.now())))
        worse = self._worse(stage.stamp, before)
        return f"its health is worse at the end of its soak: {worse}" if worse else ""

    def _worse(self, stamp: str, before: Vitals) -> str:
        return self._vitals(stamp).regression(before)

    def _vitals(self, stamp: str) -> Vitals:
        return Vitals.of(self._fleet.value.stamp(stamp))

    def _set(
        self, at: int, state: StageState, text: str = "", *, until: float | None = None, operation: str = ""
    ) -> None:
        stages = list(self.state.value.stages)
        stages[at] = Stage(stages[at].stamp, state, text, until, operation)
        self.state.set(Staged(tuple(stages)))

    def _halt(self, at: int, problem: str) -> Staged:
        stages = [
            each if n < at else replace(each, state=StageState.HALTED if n == at else StageState.NOT_BEGUN, until=None)
            for n, each in enumerate(self.state.value.stages)
        ]
        if self.state.value.stages[at].state is StageState.SOAKING:
            problem = f"{problem}; its change was made, and stays"
        stages[at] = replace(stages[at], text=problem)
        self.state.set(Staged(tuple(stages)))
        left = [each.stamp for each in stages[at + 1 :]]
        said = f"; not begun: {', '.join(left)}" if left else ""
        return self._end(f"halted at {stages[at].stamp}: {problem}{said}")

    def _end(self, verdict: str) -> Staged:
        self.state.set(replace(self.state.value, over=True, verdict=verdict))
        return self.state.value

    def _counted(self, count: int) -> str:
        return f"{count} {'stamp' if count == 1 else 'stamps'}"
