"""Commands on a helper VM: run to their end, or read while they write. Bytes only, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncssh

from backends.errors import Malformed
from backends.helper_vm import failures
from backends.helper_vm.route import Link
from backends.model.helper_vm import Finished

_AT_ONCE = 256 * 1024
_OUTPUT_LIMIT = 64 << 20
_ERRORS_LIMIT = 256 * 1024
Process = asyncssh.SSHClientProcess[bytes]


async def run(link: Link, command: str, data: bytes, timeout_s: float) -> Finished:
    """Run a command with input to its end; Unreachable when that is not seen, and then it may have run or not.

    When we give up it is told to terminate.
    """
    doing = f"run {_named(command)}"
    try:
        async with open_process(link, command, doing) as process, asyncio.timeout(timeout_s):
            return await _to_its_end(link, process, data, doing)
    except TimeoutError:
        raise failures.unanswered(link.place, doing, timeout_s) from None


async def _to_its_end(link: Link, process: Process, data: bytes, doing: str) -> Finished:
    giving = asyncio.ensure_future(_give(process, data))
    complaining = asyncio.ensure_future(_read(process.stderr, _ERRORS_LIMIT, link, doing, whole=False))
    try:
        output = await _read(process.stdout, _OUTPUT_LIMIT, link, doing, whole=True)
        errors = await complaining
        await process.wait_closed()
    except (OSError, asyncssh.Error) as error:
        raise failures.lost(link.place, error, doing) from None
    finally:
        for each in (giving, complaining):
            each.cancel()
        await asyncio.gather(giving, complaining, return_exceptions=True)
    if process.exit_status is None:
        raise failures.lost(link.place, link.error, doing)
    return Finished(process.exit_status, output, errors)


async def _give(process: Process, data: bytes) -> None:
    # A command may end before it took all of its input.
    with contextlib.suppress(OSError, asyncssh.Error):
        for start in range(0, len(data), _AT_ONCE):
            process.stdin.write(data[start : start + _AT_ONCE])
            await process.stdin.drain()
        process.stdin.write_eof()


async def _read(reader: asyncssh.SSHReader[bytes], limit: int, link: Link, doing: str, *, whole: bool) -> bytes:
    kept = bytearray()
    while piece := await reader.read(_AT_ONCE):
        kept += piece[: max(0, limit - len(kept))] if not whole else piece
        if whole and len(kept) > limit:
            what = f"cannot {doing} on {link.place.where}"
            why = f"it wrote more than {limit >> 20} MiB"
            raise Malformed(
                what, why=why, todo="this is not what was asked for: look at the VM", stamp=link.place.stamp
            )
    return bytes(kept)


class Output:
    """What a command writes to its standard output; errors of it are not kept."""

    def __init__(self, link: Link, process: Process, doing: str) -> None:
        self._link = link
        self._process = process
        self._doing = doing

    async def read(self) -> bytes:
        """Return what came, b"" at its end; raises Unreachable when the connection was lost."""
        try:
            piece = await self._process.stdout.read(_AT_ONCE)
        except (OSError, asyncssh.Error) as error:
            raise failures.lost(self._link.place, error, self._doing) from None
        if not piece and self._link.is_lost:
            # What came before the loss is handed out first; then its end looks like the command's.
            raise failures.lost(self._link.place, self._link.error, self._doing)
        return piece


@contextlib.asynccontextmanager
async def read_output(link: Link, command: str) -> AsyncIterator[Output]:
    """Start a command and read what it writes; leaving closes its channel and does not wait for it."""
    doing = f"run {_named(command)}"
    async with open_process(link, command, doing, ends_it=False, stderr=asyncssh.DEVNULL) as process:
        process.stdin.write_eof()
        yield Output(link, process, doing)


@contextlib.asynccontextmanager
async def open_process(
    link: Link, command: str | None, doing: str, *, ends_it: bool = True, **options: Any
) -> AsyncIterator[Process]:
    """Open a channel with a command on it, None for a shell; on leaving early it is told to terminate if `ends_it`.

    Its slot is free again when the server has closed the channel, which it does when the command has ended.
    """
    async with link.slot(doing) as slot:
        process: Process = await slot.open(lambda: link.ssh.create_process(command, encoding=None, **options))
        try:
            yield process
        finally:
            if ends_it and process.returncode is None and not link.is_lost:
                with contextlib.suppress(OSError, asyncssh.Error):
                    process.terminate()
            process.close()
            slot.release_after(process.wait_closed)


def _named(command: str) -> str:
    """Return how a command is called in messages: its first words, for the rest may be long."""
    text = failures.clean(command)
    return text if len(text) <= 60 else f"{text[:59]}…"
