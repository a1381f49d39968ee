"""A journal in memory that a test makes fail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from backends.errors import JournalFailed
from backends.model.journal import CLOSING, Author, ChainCheck, EventKind, JournalEvent, OpenOperation

FULL = JournalFailed("cannot write the journal", why="no space left on device", todo="make room")


class FakeJournal:
    """Implements Journal; `failing` names the kinds that cannot be recorded."""

    author = Author("ada", "bastion", "process-1")

    def __init__(self) -> None:
        self.written: list[JournalEvent] = []
        self.failing: set[EventKind] = set()

    def kinds(self, operation: str = "") -> list[EventKind]:
        """What was recorded, oldest first."""
        return [each.kind for each in self.written if not operation or each.operation == operation]

    async def record(
        self, operation: str, kind: EventKind, stamp: str, data: Mapping[str, Any] | None = None
    ) -> JournalEvent:
        await asyncio.sleep(0)
        if kind in self.failing:
            raise FULL
        event = JournalEvent(len(self.written) + 1, operation, 0.0, kind, self.author, stamp, dict(data or {}))
        self.written.append(event)
        return event

    async def events(
        self, *, since: float | None = None, stamp: str = "", operation: str = "", after: int = 0, limit: int = 10_000
    ) -> Sequence[JournalEvent]:
        return [each for each in self.written if not operation or each.operation == operation][-limit:]

    async def open_operations(self) -> Sequence[OpenOperation]:
        closed = {each.operation for each in self.written if each.kind in CLOSING}
        begun = [each.operation for each in self.written if each.kind is EventKind.INTENT]
        return [OpenOperation(name, tuple(await self.events(operation=name))) for name in begun if name not in closed]

    async def verify(self) -> ChainCheck:
        return ChainCheck(len(self.written), "")
