"""The operator's terminal lent to a command far away: its keys go there, what comes from there is drawn by it.

The terminal is never made non-blocking: its input and output are one open file, shared with whoever started us.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
import time
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from backends.operations.shell import Left, ShellStream
from backends.operations.shell_tape import Tape

ESCAPE = b"\x1d"
ESCAPES, ESCAPE_WITHIN_S = 3, 1.0
"""Control-] so many times so quickly leaves at once, as with `machinectl shell`: the way out of a link that hangs."""
_AT_ONCE = 4096
_SETTLE_S = 1.0
WHOLE_AGAIN = (
    b"\x18\x1b\\"  # ends a sequence that was cut in two
    b"\x1b[?1049l\x1b[?2026l\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?2004l\x1b[?2048l\x1b[?1l\x1b>\x1b[?5l\x1b[?6l\x1b[?7h\x1b[?25h\x1b[4l"
    b"\x1b[r\x1b(B\x0f\x1b[0 q\x1b[>4;0m\x1b[<9u\x1b[m"
)
"""Undoes what a killed vim, top or tmux leaves: other screen, mouse, paste, keys, margins, colours, hidden cursor."""


class TerminalGone(Exception):
    """The terminal itself went away: its window was closed, or the connection to this machine ended."""


class Bridge:
    """Carries a stream's input and output at a terminal; `carry` once."""

    def __init__(self, stream: ShellStream, source: int, target: int, tape: Tape | None = None) -> None:
        """`source` and `target` are the descriptors of the terminal's input and output."""
        self._stream = stream
        self._source = source
        self._target = target
        self._tape = tape
        self._writing: asyncio.Future[None] | None = None
        self._escapes: list[float] = []

    async def carry(self, title: str) -> None:
        """Lend the terminal until the command ends; it is whole again afterwards, whatever happened.

        Raises SourceError when the link is cut, Left when the operator leaves, TerminalGone.
        """
        try:
            before = termios.tcgetattr(self._source)
        except termios.error:
            raise TerminalGone from None
        try:
            # What was typed before was meant for someone else, and is dropped; what is typed after the banner is not.
            tty.setraw(self._source)
            await self._draw(_banner(title))
            async with _sizes(self._source) as resized:
                await first_of(self._show(), self._type(), self._resize(resized))
        except (termios.error, OSError) as error:
            raise TerminalGone from error
        finally:
            await self._restore(before)

    async def _show(self) -> None:
        while (piece := await self._stream.read()) is not None:
            await self._draw(piece[1])
            if self._tape is not None:
                self._tape.output(piece[1])

    async def _type(self) -> None:
        """Pass keys on, one read at a time: what the command does not take yet waits in the terminal."""
        while True:
            await _readable(self._source)
            try:
                data = os.read(self._source, _AT_ONCE)
            except OSError:
                data = b""
            if not data:
                raise TerminalGone
            self._heed(data)
            await self._stream.write(data)

    def _heed(self, data: bytes) -> None:
        now = time.monotonic()
        for key in data:
            self._escapes = [*self._escapes[-ESCAPES + 1 :], now] if key == ESCAPE[0] else []
        if len(self._escapes) == ESCAPES and now - self._escapes[0] <= ESCAPE_WITHIN_S:
            raise Left("left by the operator: control-] three times")

    async def _resize(self, resized: asyncio.Event) -> None:
        begun = False
        while True:
            resized.clear()
            columns, rows = os.get_terminal_size(self._target)
            await self._stream.resize(columns, rows)
            if self._tape is not None and begun:
                self._tape.resized(columns, rows)
            elif self._tape is not None:
                self._tape.begin(columns, rows, os.environ.get("TERM", ""))
            begun = True
            await resized.wait()

    async def _draw(self, data: bytes) -> None:
        """Write to the terminal, in a thread: a slow one must hold up the shell, not the console's watches."""
        self._writing = asyncio.ensure_future(asyncio.to_thread(_write, self._target, data))
        await asyncio.shield(self._writing)

    async def _restore(self, before: list[Any]) -> None:
        if self._writing is not None and not self._writing.done():
            await asyncio.wait({self._writing}, timeout=_SETTLE_S)
        with contextlib.suppress(OSError):
            os.write(self._target, WHOLE_AGAIN)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._source, termios.TCSADRAIN, before)


def _banner(title: str) -> bytes:
    from backends.model import inert

    way = "exit or ctrl-d returns; if it hangs: ctrl-] three times"
    return f"\x1b[2J\x1b[H\x1b[1m{inert.line(title)}\x1b[m\r\n{way}\r\n".encode()


async def first_of(*calls: Any) -> None:
    """Run all beside each other until the first ends; what it raises is raised."""
    tasks = [asyncio.ensure_future(each) for each in calls]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    # The end of the command counts before whatever else happened at the same moment.
    for task in (each for each in tasks if each in done):
        task.result()


async def _readable(descriptor: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


@asynccontextmanager
async def _sizes(source: int) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever the terminal has another size."""
    loop, resized = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGWINCH, resized.set)
    try:
        yield resized
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data[:_AT_ONCE]) :]
