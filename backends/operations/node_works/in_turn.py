"""Several changes one after another, each examined anew when its turn comes; the first that does not end well halts.

A screen may start a turn and go: it is carried on here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backends.model.change import Change
from backends.model.proposal import Consent, Outcome
from backends.operations.gate import Gate
from backends.operations.runs import Run, Runs
from backends.operations.work import Work
from backends.streams import Cell


@dataclass(frozen=True, slots=True)
class TurnStatus:
    """How far a turn came: the outcomes so far in order, and why it did not go on."""

    changes: tuple[Change, ...]
    outcomes: tuple[Outcome, ...] = ()
    current: Run | None = None
    halted: str = ""
    is_over: bool = False

    @property
    def left(self) -> tuple[Change, ...]:
        """The changes that were not begun."""
        begun = len(self.outcomes) + (self.current is not None)
        return self.changes[begun:]


class Turn:
    """Changes in turn: follow `status`, or stop it."""

    def __init__(self, works: Sequence[Work], gate: Gate, runs: Runs, consent: Consent) -> None:
        self._works = tuple(works)
        self._gate = gate
        self._runs = runs
        self._consent = consent
        self._stopping = False
        self.status: Cell[TurnStatus] = Cell(TurnStatus(tuple(work.change for work in works)))
        self.task = asyncio.create_task(self._go(), name=f"in turn: {len(self._works)} changes")

    def stop(self) -> None:
        """Stop the one at work at its next safe point, and begin no other."""
        self._stopping = True
        current = self.status.value.current
        if current is not None:
            current.cancel()

    async def finished(self) -> TurnStatus:
        """Wait for its end; cancelling the waiter does not end it."""
        await asyncio.shield(self.task)
        return self.status.value

    async def _go(self) -> None:
        for work in self._works:
            if self._stopping:
                self._set(halted="stopped by the operator")
                break
            # Examined now, after the one before it: what that one changed counts.
            proposal = await self._gate.propose(work)
            run = self._runs.start(work, proposal, self._consent)
            self._set(current=run)
            outcome = await run.finished()
            self._set(current=None, outcomes=(*self.status.value.outcomes, outcome))
            if not outcome.is_well:
                self._set(halted=f"{work.change.target}: {outcome}")
                break
        self._set(is_over=True)

    def _set(self, **changes: object) -> None:
        self.status.set(replace(self.status.value, **changes))  # type: ignore[arg-type]


class Turns:
    """Starts turns and keeps them; closing begins no further change, those at work are the runs' to close."""

    def __init__(self, gate: Gate, runs: Runs) -> None:
        self._gate = gate
        self._runs = runs
        self.all: list[Turn] = []

    def start(self, works: Sequence[Work], consent: Consent) -> Turn:
        """Carry works out one after another, from now on, with one consent for all of them."""
        turn = Turn(works, self._gate, self._runs, consent)
        self.all.append(turn)
        return turn

    async def close(self) -> None:
        """Begin nothing more."""
        tasks = [turn.task for turn in self.all if not turn.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
