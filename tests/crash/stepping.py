"""Stepping a console from outside, and killing it at a step."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from backends.lab.runner import RunningLab


@dataclass(frozen=True, slots=True)
class Ended:
    """How a stepped console ended: the steps it told, and the outcome's words; no outcome when it was killed."""

    steps: tuple[str, ...]
    outcome: str = ""


class SteppedConsole:
    """A child process that stands still at each step."""

    def __init__(self, lab: RunningLab, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", str(lab.config), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._steps: list[str] = []
        self._stands = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, kill_at: int | str | None = None) -> Ended:
        """Let it go step by step, until it is over, or killed (SIGKILL) at the step of a number or of these words."""
        outcome = self.until(lambda steps: kill_at in (steps[-1], len(steps) - 1))
        if not outcome:
            self._process.kill()
        assert self._process.wait(30) == (0 if outcome else -9)
        return Ended(tuple(self._steps), outcome)

    def until(self, stand: Callable[[Sequence[str]], bool]) -> str:
        """Let it go on until it stands at a step for which `stand` is true of all steps so far; empty then.

        Returns the outcome's words when it comes to its end before.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        if self._stands:
            self._go(stdin)
        for line in stdout:
            words = line.rstrip("\n")
            if words.startswith("over "):
                return words.removeprefix("over ")
            self._steps.append(words)
            if stand(self._steps):
                self._stands = True
                return ""
            self._go(stdin)
        raise AssertionError(f"the console ended by itself after {self._steps[-3:]}")

    def _go(self, stdin: IO[str]) -> None:
        self._stands = False
        stdin.write("go\n")
        stdin.flush()


async def stepped(lab: RunningLab, *words: str, kill_at: int | str | None = None) -> Ended:
    """Run a stepped console beside the lab of this process, to its end or to the step at which it is killed."""

    def run() -> Ended:
        with SteppedConsole(lab, *words) as console:
            return console.run(kill_at)

    return await asyncio.to_thread(run)
