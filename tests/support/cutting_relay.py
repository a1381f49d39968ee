"""A path to a server that is cut with a reset, now or after so many bytes more, as a failing network does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self


class CuttingRelay:
    """Carries bytes between a free port of loopback and a server, both directions counted as one."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._left: int | None = None
        self.carried = 0
        self.opened = 0
        self.cuts = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection there is."""
        self._left = None
        self.cuts += 1
        for writer in self._open:
            # Closed without waiting for what was not sent yet, so that the other side sees a reset.
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def cut_after(self, count: int) -> None:
        """Cut when so many bytes more were carried; the last of them still arrive."""
        self._left = count

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.opened += 1
        out: asyncio.StreamWriter | None = None
        try:
            there, out = await asyncio.open_connection(*self._target)
            self._open |= {writer, out}
            await asyncio.gather(self._pump(reader, out), self._pump(there, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, out):
                if each is not None:
                    self._open.discard(each)
                    each.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            if self._left is not None and len(chunk) >= self._left:
                target.write(chunk[: self._left])
                self.cut()
                raise ConnectionAbortedError
            if self._left is not None:
                self._left -= len(chunk)
            self.carried += len(chunk)
            target.write(chunk)
            await target.drain()
        raise ConnectionAbortedError
