"""How many channels we hold on one connection: fewer than a server's MaxSessions, of which it has ten."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable

import asyncssh

CHANNELS = 8


class Slot:
    """The right to one channel; release it once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def release(self) -> None:
        """Let another have it."""
        self._slots.free.release()

    def release_after(self, end: Awaitable[object]) -> None:
        """Let another have it when the server has closed the channel, too: until then it counts there."""
        task = asyncio.ensure_future(self._wait(end))
        self._slots.waiting.add(task)
        task.add_done_callback(self._slots.waiting.discard)

    async def _wait(self, end: Awaitable[object]) -> None:
        try:
            with contextlib.suppress(OSError, asyncssh.Error):
                await end
        finally:
            self.release()


class Slots:
    """The channels of one connection."""

    def __init__(self, count: int = CHANNELS) -> None:
        self.free = asyncio.Semaphore(count)
        self.waiting: set[asyncio.Task[None]] = set()

    async def take(self) -> Slot:
        """Wait for a free channel."""
        await self.free.acquire()
        return Slot(self)

    async def close(self) -> None:
        """Wait no more."""
        for each in tuple(self.waiting):
            each.cancel()
        await asyncio.gather(*self.waiting, return_exceptions=True)
