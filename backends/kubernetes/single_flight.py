"""One piece of work at a time, however many ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs `work` once for all who ask while it is under way; a caller that gives up does not end it for the rest."""

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the work is under way."""
        return self._task is not None

    async def result(self) -> T:
        """Join the work under way, or start it; raises what it raises."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(_retrieve)
        return await asyncio.shield(self._task)

    async def close(self) -> None:
        """End the work under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> T:
        try:
            return await self._work()
        finally:
            self._task = None


def _retrieve(task: asyncio.Task[T]) -> None:
    # If every caller gave up, nobody else looks at the error, which asyncio would report as lost.
    if not task.cancelled():
        task.exception()
