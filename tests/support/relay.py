"""A path to a server whose open connections can fall silent without ending, as behind a load balancer that lost one."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self


class Relay:
    """Carries bytes between a free port of loopback and a server; `freeze` is for the connections open at that time."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._frozen: set[int] = set()
        self._opened = 0
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

    @property
    def opened(self) -> int:
        """How many connections were made so far."""
        return self._opened

    def freeze(self) -> None:
        """Deliver nothing more to the clients of the connections made so far, and keep them open."""
        self._frozen.update(range(1, self._opened + 1))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._opened += 1
        number = self._opened
        there, out = await asyncio.open_connection(*self._target)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, out, None))
                    both.create_task(self._pump(there, writer, number))
        except* ConnectionError:
            pass
        finally:
            for each in (writer, out):
                each.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, number: int | None) -> None:
        while chunk := await source.read(65536):
            if number not in self._frozen:
                target.write(chunk)
                await target.drain()
        raise ConnectionAbortedError
