"""Stepping a console from outside, and killing it at a step."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from backends.lab.runner import RunningLab


@dataclass(frozen=True, slots=True)
class Ended:
    """How a stepped console ended: the steps it told, and the outcome's words; no outcome when it was killed."""

    steps: tuple[str, ...]
    outcome: str = ""


class _Console:
    """A child process that stands still at each step."""

    def __init__(self, lab: RunningLab, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", str(lab.config), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, kill_at: int | str | None = None) -> Ended:
        """Let it go step by step, until it is over, or killed (SIGKILL) at the step of a number or of these words."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        steps: list[str] = []
        for line in stdout:
            words = line.rstrip("\n")
            if words.startswith("over "):
                assert self._process.wait(30) == 0
                return Ended(tuple(steps), words.removeprefix("over "))
            steps.append(words)
            if kill_at in (words, len(steps) - 1):
                self._process.kill()
                assert self._process.wait(30) == -9
                return Ended(tuple(steps))
            stdin.write("go\n")
            stdin.flush()
        raise AssertionError(f"the console ended by itself after {steps[-3:]}")


async def stepped(lab: RunningLab, *words: str, kill_at: int | str | None = None) -> Ended:
    """Run a stepped console beside the lab of this process, to its end or to the step at which it is killed."""

    def run() -> Ended:
        with _Console(lab, *words) as console:
            return console.run(kill_at)

    return await asyncio.to_thread(run)
