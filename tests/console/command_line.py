"""Running the real command in its own process, as a shell does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PIPE_NOTHING = asyncio.subprocess.DEVNULL


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str


def stampdeck(*arguments: str, stdin: str = "", environment: Mapping[str, str] | None = None) -> Outcome:
    """Run `stampdeck` without a terminal to its end. Unraisable and unclosed things are errors there too."""
    found = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **(environment or {})},
    )
    return Outcome(found.returncode, found.stdout, found.stderr)


async def stampdeck_async(*arguments: str) -> Outcome:
    """Run `stampdeck` beside servers of the test's own loop."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Outcome(process.returncode or 0, out.decode(), err.decode())


def command(*arguments: str) -> Sequence[str]:
    """Return the words that start the command with warnings as errors."""
    return [sys.executable, "-W", "error", "-m", "console", *arguments]
