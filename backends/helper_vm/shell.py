"""An interactive shell on the helper VM, or on a machine behind it: a terminal there, its bytes here."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import asyncssh

from backends.helper_vm import failures
from backends.helper_vm.processes import Process, open_process
from backends.helper_vm.route import Link

_AT_ONCE = 64 * 1024
_USUAL_TERMINAL = "xterm-256color"
_TERMINAL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9+._-]{0,63}$")
_LOOK_S = 10.0


class VmShell:
    """A shell at a terminal; calls raise only SourceError, Unreachable when the link was cut."""

    can_end_input = True
    """The terminal passes control-d on."""

    def __init__(self, link: Link, process: Process, doing: str) -> None:
        self._link = link
        self._process = process
        self._doing = doing
        self.exit_code: int | None = None
        """Its exit code once `read` returned None; 128 + n when signal n ended it."""

    async def read(self) -> tuple[int, bytes] | None:
        """Return the next piece of output, with 1 for where it comes from; None when the shell ended."""
        if self.exit_code is not None:
            return None
        try:
            piece = await self._process.stdout.read(_AT_ONCE)
            if piece:
                return 1, piece
            await self._process.wait_closed()
        except (OSError, asyncssh.Error) as error:
            raise failures.lost(self._link.place, error, self._doing) from None
        code = self._process.returncode
        if code is None:
            raise failures.lost(self._link.place, self._link.error, self._doing)
        self.exit_code = code if code >= 0 else 128 - code
        return None

    async def write(self, data: bytes) -> None:
        """Send keys; waits while the shell does not take them."""
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (OSError, asyncssh.Error) as error:
            if self._link.is_lost:
                raise failures.lost(self._link.place, error, self._doing) from None
            # The shell has just ended: what was typed for it has no reader, and `read` tells the end.

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the size of the terminal."""
        with contextlib.suppress(OSError, asyncssh.Error):
            self._process.change_terminal_size(columns, rows)

    async def close_stdin(self) -> None:
        """Say that no more is typed: control-d."""
        await self.write(b"\x04")


@contextlib.asynccontextmanager
async def open_shell(link: Link, command: str, terminal: str, columns: int, rows: int) -> AsyncIterator[VmShell]:
    """Open a login shell, or a command, at a terminal of this kind and size; leaving hangs it up."""
    doing = f"run {command}" if command else "open a shell"
    kind = await _known_terminal(link, terminal)
    size = (max(1, columns), max(1, rows))
    async with open_process(
        link, command or None, doing, request_pty="force", term_type=kind, term_size=size
    ) as process:
        yield VmShell(link, process, doing)


async def _known_terminal(link: Link, terminal: str) -> str:
    """Return the kind of terminal if the machine knows it, else one that every machine knows."""
    if terminal == _USUAL_TERMINAL or not _TERMINAL.match(terminal):
        return _USUAL_TERMINAL
    doing = f"look up the terminal {terminal}"
    async with open_process(link, f"infocmp {terminal} >/dev/null 2>&1", doing, stdin=asyncssh.DEVNULL) as looking:
        try:
            async with asyncio.timeout(_LOOK_S):
                await looking.wait_closed()
        except (OSError, asyncssh.Error, TimeoutError):
            return _USUAL_TERMINAL
        return _USUAL_TERMINAL if looking.exit_status == 1 else terminal
