"""Waiting with an end, and work beside one's own, by the injected clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from backends.clock import Clock, pause

T = TypeVar("T")

_log = logging.getLogger(__name__)


async def within(clock: Clock, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Return the result of `work`; when it takes longer than `timeout_s`, cancel it and raise TimeoutError."""
    task = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(timeout_s))
    waiting: set[asyncio.Future[Any]] = {task, alarm}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        await end(task, alarm)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they are over; what they raise on the way is theirs."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run works beside the body and end them with it. One that fails is logged and disturbs nobody."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        await end(*tasks)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a background task failed", exc_info=error)


class Wakeup:
    """A pause that can be cut short from outside."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    def wake(self) -> None:
        """End the pause that is going on; without one, nothing happens."""
        self._event.set()

    async def pause(self, delay_s: float) -> bool:
        """Pause for `delay_s` or until woken; return whether it was cut short."""
        self._event.clear()
        return await pause(self._clock, delay_s, unless=self._event)
