"""How many channels we hold on one connection: fewer than a server's MaxSessions, of which it has ten."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncssh

from backends.clock import Clock
from backends.helper_vm import failures
from backends.helper_vm.failures import Place
from backends.helper_vm.timing import Timing

CHANNELS = 8
_TRIES = 6
_PAUSE_S = 0.05
_NO_ROOM = (asyncssh.OPEN_CONNECT_FAILED, asyncssh.OPEN_RESOURCE_SHORTAGE)
T = TypeVar("T")


class Slot:
    """The right to one channel for what is being done; free again on leaving, or after the channel's end there."""

    def __init__(self, slots: Slots, doing: str) -> None:
        self._slots = slots
        self._doing = doing
        self._end: Callable[[], Awaitable[object]] | None = None

    async def __aenter__(self) -> Slot:
        slots = self._slots
        try:
            async with asyncio.timeout(slots.timing.slot_s):
                await slots.free.acquire()
        except TimeoutError:
            raise failures.all_taken(slots.place, self._doing, CHANNELS) from None
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._end is None:
            self._slots.free.release()
        else:
            self._slots.release_after(self._end)

    async def open(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Open a channel; raises SourceError. Asked again for a moment when the server has no room.

        It counts a session until it has tidied up, a little after it has told us that the session ended.
        """
        slots = self._slots
        try:
            async with asyncio.timeout(slots.timing.open_s):
                for tries in range(1, _TRIES):
                    try:
                        return await ask()
                    except asyncssh.ChannelOpenError as error:
                        if error.code not in _NO_ROOM or "closed" in error.reason.lower():
                            raise
                        await slots.clock.sleep(_PAUSE_S * tries)
                return await ask()
        except TimeoutError:
            raise failures.unanswered(slots.place, self._doing, slots.timing.open_s) from None
        except (OSError, asyncssh.Error) as error:
            raise failures.from_channel(error, slots.place, self._doing) from None

    def release_after(self, end: Callable[[], Awaitable[object]]) -> None:
        """Let another have it only when `end` is over, the channel's end at the server: until then it counts there."""
        self._end = end


class Slots:
    """The channels of one connection."""

    def __init__(self, place: Place, clock: Clock, timing: Timing) -> None:
        self.place = place
        self.clock = clock
        self.timing = timing
        self.free = asyncio.Semaphore(CHANNELS)
        self._waiting: set[asyncio.Task[None]] = set()

    def release_after(self, end: Callable[[], Awaitable[object]]) -> None:
        """Free one when something has ended."""
        task = asyncio.ensure_future(self._wait(end))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Wait no more."""
        for each in tuple(self._waiting):
            each.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _wait(self, end: Callable[[], Awaitable[object]]) -> None:
        try:
            with contextlib.suppress(OSError, asyncssh.Error):
                await end()
        finally:
            self.free.release()
