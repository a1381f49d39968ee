"""Looking at a followed collection: its names, when it is live, and every state it was in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backends.kubernetes.reflection import Reflection
from backends.model.health import SourceState
from tests.support.waiting import until


def names(reflection: Reflection) -> list[str]:
    """Return the names of the rows, sorted."""
    return sorted(each.name for each in reflection.store.rows.values())


async def live(reflection: Reflection) -> None:
    """Wait until the rows are followed."""
    await until(lambda: reflection.state.value.is_live)


@asynccontextmanager
async def remembered(reflection: Reflection) -> AsyncIterator[list[SourceState]]:
    """Collect every state from now on."""
    states: list[SourceState] = []

    async def follow() -> None:
        async for state in reflection.state.follow():
            states.append(state)  # noqa: PERF401

    task = asyncio.create_task(follow())
    try:
        yield states
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
