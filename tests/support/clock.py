"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

START = 1_790_000_000.0
"""2026-09-21T13:46:40Z."""


class ManualClock:
    """Implements backends.clock.Clock; sleepers wake in the order of their time, tasks run in between."""

    def __init__(self, start: float = START) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> float:
        return self._start + self._elapsed_s

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + delay_s, next(self._numbers), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: everyone who sleeps less long wakes at their own time."""
        await self.settle()
        target = self._elapsed_s + seconds
        while self._sleepers and self._sleepers[0][0] <= target:
            when, _, wake = heapq.heappop(self._sleepers)
            if wake.done():
                continue
            self._elapsed_s = max(self._elapsed_s, when)
            wake.set_result(None)
            await self.settle()
        self._elapsed_s = target
        await self.settle()

    async def until(self, condition: Callable[[], object], limit_s: float = 600.0) -> None:
        """Let time pass, from one sleeper to the next, until the condition holds; AssertionError at the limit."""
        deadline = self._elapsed_s + limit_s
        await self.settle()
        while not condition():
            pending = [when for when, _, wake in self._sleepers if not wake.done()]
            step_s = max(0.0, min(pending, default=self._elapsed_s + 1.0) - self._elapsed_s)
            assert self._elapsed_s + step_s <= deadline, f"not so within {limit_s} s of the manual clock"
            await self.advance(step_s)

    async def settle(self) -> None:
        """Let every task run that can, without time passing."""
        for _ in range(25):
            await asyncio.sleep(0)
