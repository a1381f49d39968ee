"""Our own ceiling for requests to one API, and the meter that shows what was asked."""

from __future__ import annotations

import asyncio
from collections import deque

from backends.clock import Clock

_BURST_S = 5.0
_AT_ONCE = 8
_MINUTE_S, _QUARTER_S = 60.0, 900.0


class Meter:
    """Counts requests and refusals of the recent past."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: deque[float] = deque()
        self._throttled: deque[float] = deque()

    def note_request(self) -> None:
        """Count one request."""
        self._asked.append(self._clock.monotonic())
        self._trim()

    def note_throttled(self) -> None:
        """Count one request that was answered with 429."""
        self._throttled.append(self._clock.monotonic())
        self._trim()

    def per_minute(self) -> int:
        """Requests sent in the last 60 s."""
        self._trim()
        return len(self._asked)

    def throttled_15m(self) -> int:
        """Requests answered with 429 in the last 15 minutes."""
        self._trim()
        return len(self._throttled)

    def _trim(self) -> None:
        now = self._clock.monotonic()
        for times, kept_s in ((self._asked, _MINUTE_S), (self._throttled, _QUARTER_S)):
            while times and times[0] <= now - kept_s:
                times.popleft()


class Budget:
    """A token bucket of `rate` requests a second with five seconds' worth of burst, and a pause the server asked for.

    At most eight calls are open at once (watches and log streams aside), so that a slow API is not piled on.
    """

    def __init__(self, rate: float, clock: Clock, meter: Meter) -> None:
        self._rate = max(rate, 0.1)
        self._clock = clock
        self._meter = meter
        self._tokens = self._rate * _BURST_S
        self._filled_at = clock.monotonic()
        self._paused_until = 0.0
        self.slots = asyncio.Semaphore(_AT_ONCE)
        self.write_slots = asyncio.Semaphore(_AT_ONCE)
        """Changes have places of their own: reads that hang must not hold them up."""

    async def spend(self) -> None:
        """Wait until one more request is within the budget, and count it."""
        while (wait_s := self._wait_s()) > 0:
            await self._clock.sleep(wait_s)
        self._tokens -= 1
        self._meter.note_request()

    async def spend_first(self) -> None:
        """Count one change, ahead of all reads that wait; only more than a whole burst of changes waits itself."""
        while (wait_s := self._missing_s(above=1 - self._rate * _BURST_S)) > 0:
            await self._clock.sleep(wait_s)
        self._tokens -= 1
        self._meter.note_request()

    def pause(self, for_s: float) -> None:
        """Send nothing for a while: the server asked us to."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + for_s)

    def _wait_s(self) -> float:
        return max(self._missing_s(above=1.0), self._paused_until - self._clock.monotonic())

    def _missing_s(self, *, above: float) -> float:
        """Fill the bucket for the time that passed, and return how long until it holds `above` tokens."""
        now = self._clock.monotonic()
        self._tokens = min(self._rate * _BURST_S, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        return max(0.0, (above - self._tokens) / self._rate)
