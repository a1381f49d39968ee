"""The machine's clock, but faster: what waits for seconds in the code waits for tenths of them in a test."""

from __future__ import annotations

import asyncio
import time


class HurriedClock:
    """Implements backends.clock.Clock at so many times the machine's speed."""

    def __init__(self, speed: float = 10.0) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self._began_wall = time.time()

    def now(self) -> float:
        return self._began_wall + self.monotonic()

    def monotonic(self) -> float:
        return (time.monotonic() - self._began) * self._speed

    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(max(0.0, delay_s) / self._speed)
