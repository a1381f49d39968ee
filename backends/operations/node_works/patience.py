"""Patience of a long work: waiting while paused, out of reach or asked to slow down, for as long as it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backends.clock import Clock
from backends.errors import Forbidden, Invalid, NotFound, SourceError, Throttled
from backends.model.age import format_duration
from backends.model.fleet import Severity
from backends.operations.work import Progress
from backends.retry import Backoff

T = TypeVar("T")

_SLICE_S = 1.0
"""How long at most a request to pause or stop goes unheard while nothing can be done."""


class OutOfTime(Exception):
    """The time the work was given is over; `trouble` is what it waited for."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Patience:
    """Waits for one work: `timeout_s` from now, pauses not counted; 0 is for ever."""

    def __init__(self, clock: Clock, progress: Progress, timeout_s: float) -> None:
        self._clock = clock
        self._progress = progress
        self._timeout_s = timeout_s
        self._began_at = clock.monotonic()
        self._paused_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began, pauses not counted."""
        return self._clock.monotonic() - self._began_at - self._paused_s

    def demand_time(self, trouble: str = "") -> None:
        """Raise OutOfTime when there is none left."""
        if self._timeout_s and self.elapsed_s >= self._timeout_s:
            raise OutOfTime(trouble)

    async def hold(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait while the work is paused, doing `meanwhile` now and then; raises Stopped when it has to end."""
        held = asyncio.ensure_future(self._progress.checkpoint())
        began_at = self._clock.monotonic()
        try:
            await asyncio.sleep(0)
            while not held.done():
                await self._first(held, 2 * _SLICE_S)
                if meanwhile is not None and not held.done():
                    await meanwhile()
            self._paused_s += self._clock.monotonic() - began_at
            held.result()
        finally:
            held.cancel()
            await asyncio.gather(held, return_exceptions=True)

    async def rest(self, delay_s: float, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        """Let time pass in slices, so that a pause or a stop is heard soon."""
        until = self._clock.monotonic() + delay_s
        while (left_s := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(_SLICE_S, left_s))
            await self.hold(meanwhile)

    async def ask(self, call: Callable[[], Awaitable[T]], *, lasting: tuple[type[SourceError], ...] = ()) -> T:
        """Ask until there is an answer: failures are waited out, but for the `lasting` ones, which are raised.

        Raises OutOfTime with the last failure when the work's time is over.
        """
        backoff, since = Backoff(base_s=2.0), self._clock.monotonic()
        while True:
            try:
                answer = await call()
            except lasting:
                raise
            except SourceError as error:
                if not backoff.failures:
                    self._progress.say(f"waits: {error}", Severity.WARNING)
                self.demand_time(str(error))
                await self.rest(backoff.next_delay(getattr(error, "retry_after_s", None) or 0.0))
                continue
            if backoff.failures:
                waited = format_duration(self._clock.monotonic() - since)
                self._progress.say(f"the API answers again after {waited}: goes on", Severity.GOOD)
            return answer

    async def _first(self, task: asyncio.Future[None], delay_s: float) -> None:
        sleep = asyncio.ensure_future(self._clock.sleep(delay_s))
        try:
            await asyncio.wait((task, sleep), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            await asyncio.gather(sleep, return_exceptions=True)


LASTING = (Forbidden, NotFound, Invalid)
"""Answers that waiting does not change, where nothing has been begun yet."""


def asked_delay_s(error: SourceError, at_least_s: float) -> float:
    """Return how long to wait after a failure: what the server asked for, or `at_least_s`."""
    asked_s = error.retry_after_s if isinstance(error, Throttled) else None
    return max(at_least_s, asked_s or 0.0)
