"""A source that is asked again and again: its last value and how far it can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from backends.clock import Clock
from backends.errors import StampdeckError, Throttled
from backends.model.health import Health, SourceState
from backends.operations.deadline import Wakeup, end
from backends.operations.sources import NOT_YET, live, state_of
from backends.retry import Backoff

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a source is asked, and when silence becomes news."""

    interval_s: float
    slow_after_s: float = 3.0
    """An attempt unanswered for this long is shown as such."""
    silent_after_s: float = 6.0
    """An attempt unanswered for this long means that the source is down."""
    give_up_s: float = 10.0
    retry_base_s: float = 1.0
    retry_cap_s: float = 4.0


class Polled(Generic[T]):
    """Asks in a rhythm while `run` runs; a failure keeps the last value and comes out as the state."""

    def __init__(self, ask: Callable[[], Awaitable[T]], clock: Clock, rhythm: Rhythm) -> None:
        self._ask = ask
        self._clock = clock
        self._rhythm = rhythm
        self._wakeup = Wakeup(clock)
        self._backoff = Backoff(rhythm.retry_base_s, rhythm.retry_cap_s)
        self.value: T | None = None
        self.state: SourceState = NOT_YET
        self.recoveries = 0
        """How many times an answer followed failures."""
        self._is_hurried = False

    def refresh(self) -> None:
        """Ask now instead of waiting for the next turn; once more, if a question under way turns out to fail."""
        self._is_hurried = True
        self._wakeup.wake()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            self._is_hurried = False
            try:
                self.value = await self._attempt()
            except Exception as error:
                delay_s = self._failed(error)
                if self._is_hurried:
                    continue  # it was asked before whatever kept it from answering was over
            else:
                delay_s = self._answered()
            await self._wakeup.pause(delay_s)

    def _answered(self) -> float:
        if self._backoff.failures:
            self.recoveries += 1
        self._backoff.reset()
        self.state = live(self.state, self._clock.now())
        return self._rhythm.interval_s

    def _failed(self, error: Exception) -> float:
        at_least_s = (error.retry_after_s or 0.0) if isinstance(error, Throttled) else 0.0
        delay_s = self._backoff.next_delay(at_least_s)
        failures = self._backoff.failures
        now = self._clock.now()
        self.state = state_of(error, before=self.state, now=now, retry_at=now + delay_s, failures=failures)
        if self.state.health is Health.OFF and self.value is None:
            self._backoff.reset()
            return self._rhythm.interval_s
        # What was served once and is no more is missed, and looked for as any other that failed.
        return delay_s

    async def _attempt(self) -> T:
        """Ask once, telling when the answer takes long; a source already down gets less time."""
        task = asyncio.ensure_future(self._ask())
        down = self.state.health is Health.DOWN
        stages = (self._rhythm.slow_after_s,) if down else self._stages()
        try:
            waited_s = 0.0
            for stage_s in stages:
                if await self._ends(task, stage_s - waited_s):
                    return task.result()
                waited_s = stage_s
                self._show_silence(waited_s)
            raise _NoAnswer(waited_s)
        finally:
            await end(task)

    def _stages(self) -> tuple[float, ...]:
        return self._rhythm.slow_after_s, self._rhythm.silent_after_s, self._rhythm.give_up_s

    async def _ends(self, task: asyncio.Future[T], timeout_s: float) -> bool:
        alarm = asyncio.ensure_future(self._clock.sleep(timeout_s))
        waiting: set[asyncio.Future[Any]] = {task, alarm}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return task.done()
        finally:
            await end(alarm)

    def _show_silence(self, waited_s: float) -> None:
        now, before = self._clock.now(), self.state
        silence = _NoAnswer(waited_s)
        if before.health is Health.LIVE and waited_s < self._rhythm.silent_after_s:
            self.state = replace(before, health=Health.STALE, reason=silence.why, todo=silence.todo, since=now)
            return
        failures = 2 if waited_s >= self._rhythm.silent_after_s or before.health is Health.DOWN else 1
        self.state = state_of(silence, before=before, now=now, retry_at=None, failures=failures)


class _NoAnswer(StampdeckError, TimeoutError):
    """The source accepted the question and said nothing."""

    def __init__(self, waited_s: float) -> None:
        super().__init__("asking", why=f"no answer for {waited_s:.0f} s", todo="check the network path and its load")
