"""The console standing aside for a shell: its own drawing stops, everything it follows goes on."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from textual.app import App, SuspendNotSupported

from backends.errors import SourceError
from backends.operations.shell import Left, ShellStream
from backends.operations.shell_tape import Tape
from screens.shell.bridge import Bridge, TerminalGone

_HUNG_UP = 129


class LentTerminal:
    """The terminal of a running console as the seat of a shell."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app

    async def converse(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        """Lend the terminal until the command ended; raises SourceError, and Left.

        When the terminal itself is gone the console ends.
        """
        problem: Exception | None = None
        ends = _descriptors()
        try:
            # Without batching, updates would fill the queue of a writer that is stopped, and block the loop for ever.
            with self._app.batch_update(), self._app.suspend():
                # Textual does not come back from what raises in there. Cancelling may: the console is ending then.
                try:
                    await Bridge(stream, *ends, tape).carry(title)
                except TerminalGone:
                    await self._end()
                except (SourceError, Left) as error:
                    problem = error
                except Exception as error:  # whatever it was, the console must come back and say it
                    problem = error
        except SuspendNotSupported:
            raise Left("this terminal cannot be lent to a shell: use stampdeck exec") from None
        if problem is not None:
            raise problem

    async def _end(self) -> None:
        """End the console, and wait for that with the screen left alone: there is nothing to draw on."""
        self._app.exit(return_code=_HUNG_UP)
        await asyncio.Event().wait()


def _descriptors() -> tuple[int, int]:
    """Return the terminal's input and output, which is what the console draws on; Left without a terminal."""
    if sys.__stdin__ is None or sys.__stderr__ is None or not (sys.__stdin__.isatty() and sys.__stderr__.isatty()):
        raise Left("this console has no terminal to lend: use stampdeck exec")
    return sys.__stdin__.fileno(), sys.__stderr__.fileno()
