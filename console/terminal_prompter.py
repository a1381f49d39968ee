"""Questions of logins put to whoever runs a command at a terminal, as ssh does."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from backends.model import inert

if TYPE_CHECKING:
    from backends.helper_vm.questions import Prompt, Question

_AT_ONCE = 4096


class TerminalPrompter:
    """Asks on stderr and reads from stdin, one question at a time; what must not be seen is not echoed."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, question: Question) -> tuple[str, ...] | None:
        """Return what was typed, or None at the end of input."""
        async with self._one_at_a_time:
            head = f"{inert.name(question.stamp)}: {inert.line(question.host)}"
            said = [inert.line(each) for each in (question.title, *question.instructions.splitlines()) if each.strip()]
            sys.stderr.write("\n".join((f"{head} asks:", *said, "")))
            sys.stderr.flush()
            answers: list[str] = []
            for prompt in question.prompts:
                typed = await _read(prompt)
                if typed is None:
                    return None
                answers.append(typed)
            return tuple(answers)


def prompter_at_terminal() -> TerminalPrompter | None:
    """Return who asks when a person sits in front of this command, else None."""
    return TerminalPrompter() if sys.stdin.isatty() and sys.stderr.isatty() else None


async def _read(prompt: Prompt) -> str | None:
    """Read one line; not in a thread, which could not be interrupted."""
    descriptor, loop, ready = sys.stdin.fileno(), asyncio.get_running_loop(), asyncio.Event()
    with _echo(descriptor, prompt.echo):
        sys.stderr.write(f"{inert.line(prompt.text.strip())} ")
        sys.stderr.flush()
        loop.add_reader(descriptor, ready.set)
        try:
            await ready.wait()
            data = os.read(descriptor, _AT_ONCE)
        finally:
            loop.remove_reader(descriptor)
            if not prompt.echo:
                sys.stderr.write("\n")
                sys.stderr.flush()
    return data.decode(errors="replace").partition("\n")[0] if data else None


@contextmanager
def _echo(descriptor: int, shown: bool) -> Iterator[None]:
    """Switch the terminal's echo off while something is typed that nobody may see; what was typed ahead is dropped."""
    before = termios.tcgetattr(descriptor)
    hidden = termios.tcgetattr(descriptor)
    if not shown:
        hidden[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
