"""Where `stampdeck exec` sits: the terminal lent to the command, or its own input and output."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TextIO

from backends.model import inert
from backends.operations.shell import Left, ShellStream
from backends.operations.shell_tape import Tape
from console.commands.drawing import complain
from screens.shell.bridge import Bridge, TerminalGone, first_of

_PIECE = 32 * 1024
_LONGEST_LINE = 8192
_ERRORS = 2


class LeavableSeat:
    """A seat that a signal can end."""

    def __init__(self) -> None:
        self._leaving = asyncio.Event()
        self._how = ""

    def leave(self, how: str) -> None:
        """End the conversation; what runs in the container may go on."""
        self._how = how
        self._leaving.set()

    async def converse(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        """Carry on until the command ended or the seat is left; raises SourceError and Left."""
        await first_of(self._carry(stream, title, tape), self._left())

    async def _carry(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        raise NotImplementedError

    async def _left(self) -> None:
        await self._leaving.wait()
        raise Left(self._how)


class TerminalSeat(LeavableSeat):
    """The terminal this command was started at."""

    async def _carry(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        try:
            await Bridge(stream, sys.stdin.fileno(), sys.stdout.fileno(), tape).carry(title)
        except TerminalGone:
            raise Left("the terminal went away") from None


class PipeSeat(LeavableSeat):
    """Input and output as they were given to the command; `reader_left` when nobody reads its output any more."""

    def __init__(self, *, has_input: bool) -> None:
        super().__init__()
        self._has_input = has_input
        self.reader_left = False

    async def _carry(self, stream: ShellStream, title: str, tape: Tape | None) -> None:
        giving = asyncio.create_task(_give_input(stream)) if self._has_input else None
        outputs = {1: _Output(sys.stdout), _ERRORS: _Output(sys.stderr)}
        try:
            while (piece := await stream.read()) is not None:
                await outputs[piece[0]].write(piece[1])
            for each in outputs.values():
                await each.end()
        except BrokenPipeError:
            self.reader_left = True
            raise Left("nobody reads its output any more") from None
        finally:
            if giving is not None:
                giving.cancel()
                await asyncio.gather(giving, return_exceptions=True)


class _Output:
    """One of our outputs: bytes as they come into a file or pipe, inert lines onto a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = stream.fileno()
        self._is_terminal = stream.isatty()
        self._line = b""

    async def write(self, data: bytes) -> None:
        if not self._is_terminal:
            await asyncio.to_thread(_write, self._descriptor, data)
            return
        *whole, self._line = (self._line + data).split(b"\n")
        lines = [*whole, b""]
        if len(self._line) > _LONGEST_LINE:
            lines, self._line = [*whole, self._line], b""
        await asyncio.to_thread(_write, self._descriptor, b"\n".join(map(_inert, lines)))

    async def end(self) -> None:
        if self._line:
            await asyncio.to_thread(_write, self._descriptor, _inert(self._line))


async def _give_input(stream: ShellStream) -> None:
    """Pass our input on to its end, reading no faster than it is taken."""
    loop, taken = asyncio.get_running_loop(), threading.Semaphore(1)
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        data = b" "
        while data:
            taken.acquire()
            try:
                data = os.read(sys.stdin.fileno(), _PIECE)
            except OSError:
                data = b""
            try:
                loop.call_soon_threadsafe(pieces.put_nowait, data)
            except RuntimeError:
                return  # the command ended meanwhile

    # A daemon: a read that waits for a person must not hold up the end of the command.
    threading.Thread(target=read, name="input", daemon=True).start()
    while data := await pieces.get():
        await stream.write(data)
        taken.release()
    if stream.can_end_input:
        await stream.close_stdin()
    else:
        # Not cut: what it is given may take it long, and it may know by itself where that ends.
        complain(
            "this API cannot tell the command that its input ended (Kubernetes can from 1.30 on): it goes on until it "
            "ends by itself, as `head -c` does; ctrl-c leaves it"
        )


def _inert(line: bytes) -> bytes:
    return inert.line(line.decode(errors="replace").removesuffix("\r")).encode()


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
