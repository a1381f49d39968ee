"""The journal as the operations use it: asynchronous, opened at its first use, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from backends.clock import Clock
from backends.errors import JournalFailed
from backends.journal.author import this_author
from backends.journal.chain import StoredRow, data_text
from backends.journal.check import ChainReader
from backends.journal.query import Query
from backends.journal.secrecy import without_secrets
from backends.model.journal import Author, ChainCheck, EventKind, JournalEvent, OpenOperation

if TYPE_CHECKING:
    from backends.journal.store import Store

T = TypeVar("T")
_PATIENCE_S = 20.0
"""How much longer than for others to let go we wait for a disk before we say that it does not answer."""


class SqliteJournal:
    """Events in `file` (made with its folder at the first `record`), shared by every console of this account.

    Reading makes no file: before the first event there are none. Calls raise only JournalFailed and never block
    the loop; a call that is cancelled is finished by its thread.
    """

    def __init__(self, file: Path, clock: Clock, *, author: Author | None = None, busy_s: float = 10.0) -> None:
        self.file = file
        self._clock = clock
        self._author = author or this_author()
        self._busy_s = busy_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._opened: Store | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    @property
    def author(self) -> Author:
        """Who records: the person at this machine and this process."""
        return self._author

    async def record(
        self, operation: str, kind: EventKind, stamp: str, data: Mapping[str, Any] | None = None
    ) -> JournalEvent:
        """Append an event, secrets masked; it is on disk when this returns."""
        at_us, author = round(self._clock.now() * 1e6), self._author

        def append(store: Store) -> StoredRow:
            try:
                text = data_text(without_secrets(data or {}))
            except (TypeError, ValueError) as error:
                raise JournalFailed(f"the journal cannot keep this {kind} of {operation}", why=str(error)) from None
            place = (author.person, author.host, author.process, stamp)
            return store.append(StoredRow(0, operation, at_us, kind.value, *place, text, ""))

        return (await self._call(append)).event()

    async def events(
        self,
        *,
        since: float | None = None,
        stamp: str = "",
        operation: str = "",
        after: int = 0,
        limit: int = 10_000,
    ) -> Sequence[JournalEvent]:
        """Return the newest `limit` events that fit, oldest first; `since` in seconds of the Unix epoch."""
        query = Query(None if since is None else round(since * 1e6), stamp, operation, after, limit)
        return await self._call(lambda store: self._told(store.select(query)))

    async def open_operations(self) -> Sequence[OpenOperation]:
        """Return operations with an intent and without an outcome, oldest first."""
        events = await self._call(lambda store: self._told(store.select_open()))
        together: dict[str, list[JournalEvent]] = {}
        for event in events:
            together.setdefault(event.operation, []).append(event)
        return tuple(OpenOperation(operation, tuple(of)) for operation, of in together.items())

    async def pages(self, size: int = 1_000) -> AsyncIterator[Sequence[JournalEvent]]:
        """Yield every event, oldest first, some at a time."""
        after = 0
        while page := await self._page(after, size):
            yield page
            after = page[-1].number

    async def verify(self, noted: str = "") -> ChainCheck:
        """Read every row and check the chain; `noted` is a head (or its beginning) that must be in it."""
        reader = ChainReader(noted)
        while await self._call(reader.read_on):
            pass  # in parts, between which others may record
        return reader.result

    async def _page(self, after: int, size: int) -> Sequence[JournalEvent]:
        return await self._call(lambda store: self._told(store.page(after, size)))

    def _told(self, rows: Sequence[StoredRow]) -> tuple[JournalEvent, ...]:
        number = 0
        try:
            told = []
            for row in rows:
                number = row.number
                told.append(row.event())
            return tuple(told)
        except (TypeError, ValueError) as error:
            raise JournalFailed(
                f"reading the journal {self.file}",
                why=f"row {number} holds what the console never writes ({error})",
                todo="check it: stampdeck audit verify",
            ) from None

    async def _call(self, work: Callable[[Store], T]) -> T:
        loop = asyncio.get_running_loop()
        pending = loop.run_in_executor(self._thread, lambda: work(self._store()))
        try:
            return await asyncio.wait_for(asyncio.shield(pending), self._busy_s + _PATIENCE_S)
        except TimeoutError:
            raise JournalFailed(
                f"using the journal {self.file}",
                why="its disk does not answer",
                todo="look at the disk or network filesystem it is on",
            ) from None

    def _store(self) -> Store:
        if self._opened is None:
            # 8 ms of sqlite3, paid in this thread by the first use.
            from backends.journal.store import Store

            self._opened = Store(self.file, self._busy_s)
        return self._opened

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
