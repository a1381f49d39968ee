"""Time as a dependency, so that minutes pass in milliseconds in tests."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for what people read, monotonic time for what code measures, and sleep."""

    def now(self) -> float:
        """Return the wall clock in seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start that never go backwards."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Pause the calling task for `delay_s` seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)


async def pause(clock: Clock, delay_s: float, *, unless: asyncio.Event) -> bool:
    """Sleep for `delay_s` or until the event is set; return whether it is set."""
    sleep = asyncio.ensure_future(clock.sleep(delay_s))
    woken = asyncio.ensure_future(unless.wait())
    try:
        await asyncio.wait((sleep, woken), return_when=asyncio.FIRST_COMPLETED)
        return unless.is_set()
    finally:
        for each in (sleep, woken):
            each.cancel()
        await asyncio.gather(sleep, woken, return_exceptions=True)
