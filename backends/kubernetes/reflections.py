"""All followed collections of one stamp: shared by all who ask for the same, dropped a while after nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from backends.kubernetes.connection import Connection
from backends.kubernetes.discovery import Discovery
from backends.kubernetes.familiar import FAMILIAR
from backends.kubernetes.pulse import Pulse
from backends.kubernetes.query import Query
from backends.kubernetes.reflection import Reflection
from backends.model.kinds import ResourceKind, find_kind

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Shared:
    reflection: Reflection
    task: asyncio.Task[None]
    users: int = 0
    drop: asyncio.Task[None] | None = None


class Reflections:
    """Starts, shares and ends reflections, and tells them what the stamp's pulse finds."""

    def __init__(self, connection: Connection, discovery: Discovery) -> None:
        self._connection = connection
        self._discovery = discovery
        self._pulse = Pulse(connection)
        self._shared: dict[Query, _Shared] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """All that runs, until it is over."""
        self._closed = False

    @contextlib.asynccontextmanager
    async def open(self, query: Query) -> AsyncIterator[Reflection]:
        """Join the reflection of a query, or start it; leaving lets it linger before it ends."""
        query = self._named(query)
        shared = self._join(query)
        try:
            yield shared.reflection
        finally:
            shared.users -= 1
            if not shared.users and not self._closed:
                shared.drop = self._start(self._drop_later(query, shared), f"drop {query.kind}")

    def users(self, query: Query) -> int:
        """Return how many have joined the reflection of a query and not left it."""
        shared = self._shared.get(self._named(query))
        return shared.users if shared is not None else 0

    async def find(self, name: str) -> ResourceKind:
        """Return the kind of a name: known to every server, or found by discovery; NotFound otherwise."""
        found = find_kind(FAMILIAR, name)
        return found if found is not None else await self._discovery.find(name)

    async def close(self) -> None:
        """End everything, also what was being dropped."""
        self._closed = True
        self._shared.clear()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _named(self, query: Query) -> Query:
        """Return the query with its kind's full name, if that is known yet: all names of a kind are one."""
        found = find_kind((*FAMILIAR, *self._discovery.known), query.kind)
        return query if found is None else replace(query, kind=found.full_name)

    def _join(self, query: Query) -> _Shared:
        if not self._tasks:
            self._start(self._pulse.run(), "pulse")
            self._start(self._relay(), "relay")
        shared = self._shared.get(query)
        if shared is None:
            reflection = Reflection(query, self._connection, self._pulse, self.find)
            shared = _Shared(reflection, self._start(reflection.run(), f"follow {query.kind}"))
            self._shared[query] = shared
        if shared.drop is not None:
            shared.drop.cancel()
            shared.drop = None
        shared.users += 1
        return shared

    async def _relay(self) -> None:
        async for beat in self._pulse.beats.follow():
            for shared in self._shared.values():
                shared.reflection.note_beat(beat)

    async def _drop_later(self, query: Query, shared: _Shared) -> None:
        await self._connection.clock.sleep(self._connection.timing.linger_s)
        if self._shared.get(query) is shared:
            del self._shared[query]
        shared.task.cancel()
        await asyncio.gather(shared.task, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{name} on {self._connection.stamp.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_tell_failure)
        return task


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("%s ended: %s", task.get_name(), error, exc_info=error)
