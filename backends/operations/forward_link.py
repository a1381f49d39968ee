"""One connection through a forwarded port: bytes both ways, each side waiting for the other, and why it ended."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from backends.clock import Clock
from backends.operations.deadline import end

HALF_CLOSED_S = 30.0
"""A client that ended its input may still wait for the answer; so long without a byte of it, and it is cut."""
_CHUNK = 32 * 1024


class PortStream(Protocol):
    """A connection to a port of a pod; calls raise only SourceError."""

    async def read(self) -> bytes | None:
        """What came next; None when the pod closed the connection."""
        ...

    async def write(self, data: bytes) -> None:
        """Send data; waits while the pod does not take it."""
        ...


class Link:
    """Carries bytes between a client of this machine and a port of a pod."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stream: PortStream,
        clock: Clock,
        count: Callable[[int, int], None] = lambda sent, received: None,
    ) -> None:
        """`count` is told how many bytes were sent to the pod and received from it, piece by piece."""
        self._reader = reader
        self._writer = writer
        self._stream = stream
        self._clock = clock
        self._count = count
        self._received = 0

    async def carry(self) -> str:
        """Carry until it is over; return why it was cut, empty when a side closed it in order. Raises SourceError."""
        up, down = asyncio.create_task(self._up()), asyncio.create_task(self._down())
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            if up.done() and not up.result() and not down.done():
                return await self._after_input(down)
            for each in (down, up):
                if each.done():
                    each.result()
            return ""
        finally:
            await end(up, down)

    async def _after_input(self, down: asyncio.Task[bool]) -> str:
        """Go on reading after the client ended its input, which the API's protocol cannot tell the pod."""
        while True:
            seen = self._received
            alarm = asyncio.ensure_future(self._clock.sleep(HALF_CLOSED_S))
            try:
                waiting: set[asyncio.Future[object]] = {down, alarm}  # type: ignore[arg-type]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end(alarm)
            if down.done():
                down.result()
                return ""
            if self._received == seen:
                return ""

    async def _up(self) -> bool:
        """Carry from the client; whether it went away, and not only ended its input."""
        with contextlib.suppress(ConnectionError):
            while data := await self._reader.read(_CHUNK):
                await self._stream.write(data)
                self._count(len(data), 0)
            return False
        return True

    async def _down(self) -> bool:
        """Carry to the client; whether it went away, and not the pod closed."""
        with contextlib.suppress(ConnectionError):
            while (data := await self._stream.read()) is not None:
                self._received += len(data)
                self._writer.write(data)
                await self._writer.drain()
                self._count(0, len(data))
            return False
        return True


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection so that its client sees a failure: a plain close would look like an empty answer."""
    stream = writer.get_extra_info("socket")
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
