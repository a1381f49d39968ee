"""File descriptors and SSH channels: bytes between them at the pace of the slower, whatever either end does."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from typing import Any

import asyncssh

_PIECE = 65_536


async def pump_out(descriptor: int, writer: asyncssh.SSHWriter[bytes]) -> None:
    """Carry what a process writes until it has closed its end.

    Not asyncssh's own redirection: that breaks off under back pressure after a few megabytes (2.24).
    """
    while data := await _read(descriptor):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)  # neither waits while both ends keep up, and others have a turn too


async def pump_in(reader: asyncssh.SSHReader[bytes], descriptor: int, *, terminal: bool = False) -> None:
    """Carry what the caller sends until its end, or until nobody reads it any more; close the descriptor then.

    The end of a terminal's input closes nothing: that would hang up on those who use it.
    """
    try:
        with contextlib.suppress(BrokenPipeError):
            while data := await reader.read(_PIECE):
                await _write(descriptor, data)
        while await reader.read(_PIECE):  # nobody wants it, but the channel must not stop
            pass
    finally:
        if not terminal:
            os.close(descriptor)


async def _read(descriptor: int) -> bytes:
    while True:
        try:
            return os.read(descriptor, _PIECE)
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno == errno.EIO:  # the last user of a terminal has left
                return b""
            raise
        loop = asyncio.get_running_loop()
        await _until_ready(descriptor, loop.add_reader, loop.remove_reader)


async def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(descriptor, left) :]
            continue
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno == errno.EIO:
                raise BrokenPipeError from None
            raise
        loop = asyncio.get_running_loop()
        await _until_ready(descriptor, loop.add_writer, loop.remove_writer)


async def _until_ready(
    descriptor: int, add: Callable[[int, Callable[[], None]], Any], remove: Callable[[int], Any]
) -> None:
    ready = asyncio.Event()
    add(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        remove(descriptor)
