"""A run as a command follows it: its lines on stderr, and what a signal means while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

from backends.model import inert
from backends.model.fleet import Severity
from backends.model.proposal import Outcome
from backends.model.run import ItemState, RunItem
from backends.operations.runs import Run
from console.commands.drawing import complain, toned

_ITEM_TONES = {ItemState.DONE: "good", ItemState.BLOCKED: "warn", ItemState.FAILED: "bad", ItemState.WAITING: "dim"}
_TONES = {Severity.GOOD: "good", Severity.WARNING: "warn", Severity.BAD: "bad", Severity.INFO: ""}


class Interruption:
    """The first signal asks what goes on to stop at its next safe point; the second leaves it, open in the journal."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._asked = False

    def __call__(self, number: int) -> bool:
        """Return whether the signal is dealt with; if not, the command ends."""
        if self.run is None or self.run.status.value.state.is_over:
            return False
        if self._asked:
            operation = self.run.operation
            if operation:
                _tell(f"left as it is, open in the journal as {operation}: stampdeck audit open")
            return False
        self._asked = True
        self.run.cancel()
        _tell("stopping at the next safe point; once more leaves it as it is")
        return True


async def follow(run: Run) -> Outcome:
    """Print what a run says and where its parts stand until it is over, and return its outcome."""
    printer = _Printer(run)
    tasks = [asyncio.create_task(each) for each in (printer.follow_lines(), printer.follow_items())]
    try:
        outcome = await run.finished()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    printer.print_items()
    printer.print_lines(but=str(outcome))
    return outcome


class _Printer:
    """Prints to stderr what is new of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._next = 0
        self._items: dict[str, RunItem] = {}

    async def follow_lines(self) -> None:
        """Print lines as they come, until cancelled."""
        async for _ in self._run.lines.follow():
            self.print_lines(but=self._end())

    async def follow_items(self) -> None:
        """Print each part whenever it changed, until cancelled."""
        async for _ in self._run.status.follow():
            self.print_items()

    def print_lines(self, but: str) -> None:
        """Print what was said since the last time; `but` is the outcome, which is not progress."""
        batch = self._run.lines.read(self._next)
        self._next = batch.next
        for line in batch.items:
            if line.text != but:
                _print(line.at, line.text, _TONES[line.severity])

    def print_items(self) -> None:
        """Print the parts that stand otherwise than before."""
        for item in self._run.status.value.items:
            before = self._items.get(item.key)
            if before is None or (before.state, before.text) != (item.state, item.text):
                self._items[item.key] = item
                text = f": {item.text}" if item.text else ""
                _print(item.since, f"{item.key} {item.state}{text}", _ITEM_TONES.get(item.state, ""))

    def _end(self) -> str:
        outcome = self._run.status.value.outcome
        return str(outcome) if outcome is not None else ""


def _print(at: float, text: str, tone: str) -> None:
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    with contextlib.suppress(OSError):  # the terminal may be gone; what is going on goes on
        sys.stderr.write(f"{clock} {toned(inert.line(text), tone, sys.stderr)}\n")
        sys.stderr.flush()


def _tell(text: str) -> None:
    with contextlib.suppress(OSError):
        complain(text)
