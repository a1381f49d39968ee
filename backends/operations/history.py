"""What was done, read from the journal: all of it for a command, and what is new for a screen that follows."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.journal import JournalEvent
from backends.model.recorded import RecordedOperation, put_together
from backends.operations.ports import Journal

KEPT = 5_000
"""Events a screen keeps in sight: months of one operator's work."""
_ALL = 1 << 40


async def read_operations(journal: Journal, *, since: float | None = None) -> tuple[RecordedOperation, ...]:
    """Return the operations of which something was recorded since then, whole, newest first."""
    events = await journal.events(since=since, limit=_ALL)
    if since is not None:
        events = await _with_beginnings(journal, events)
    return put_together(events)


async def _with_beginnings(journal: Journal, events: Sequence[JournalEvent]) -> Sequence[JournalEvent]:
    """Add what was recorded before of operations that were begun earlier."""
    if not events:
        return events
    numbers = {each.number for each in events}
    found = list(events)
    for name in dict.fromkeys(each.operation for each in events if each.operation):
        whole = await journal.events(operation=name, limit=_ALL)
        found += [each for each in whole if each.number not in numbers]
    return sorted(found, key=lambda each: each.number)


class History:
    """The newest operations, and whatever this or any other console of the machine records from now on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._events: list[JournalEvent] = []
        self.operations: tuple[RecordedOperation, ...] = ()

    async def read_on(self) -> bool:
        """Take in what is new; whether anything was. Raises JournalFailed."""
        after = self._events[-1].number if self._events else 0
        new = await self._journal.events(after=after, limit=KEPT)
        if not new and await self._is_still_there():
            return False
        if not new:
            # The file was moved away, or another one put in its place.
            self._events, new = [], await self._journal.events(limit=KEPT)
        self._events = [*self._events, *new][-KEPT:]
        self.operations = put_together(self._events)
        return True

    async def _is_still_there(self) -> bool:
        """Whether the newest event we know is still the newest."""
        return list(await self._journal.events(limit=1)) == self._events[-1:]
