"""LIST of one collection by pages of a Table, or of bare metadata where the server prints none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from backends.kubernetes.connection import Connection
from backends.kubernetes.failures import NotAcceptable
from backends.kubernetes.paging import Paging
from backends.kubernetes.query import Query
from backends.kubernetes.tables import ACCEPT_METADATA, ACCEPT_TABLE, Page, RowReader, Table, WrongShape

_PAGE = 500


class Listing:
    """Reads one collection, again and again; that a server prints no Tables is found out once."""

    def __init__(self, query: Query, connection: Connection, reader: RowReader) -> None:
        self._query = query
        self._connection = connection
        self._reader = reader
        self._tables_refused = False
        self.listed: set[str] = set()
        """The uids of the list that was read last, or is being read."""

    async def pages(self, path: str, doing: str) -> AsyncGenerator[Page, None]:
        """Yield the rows of every page; raises SourceError, also when the pages do not come to an end."""
        paging, known = Paging(self._connection, doing), 0
        listed = self.listed = set()
        coming: asyncio.Task[bytes] | None = asyncio.create_task(self._page(path, "", doing))
        try:
            while coming is not None:
                with promised(self._connection, doing):
                    decoded = self._reader.decode_page(await coming)
                coming = None
                items = len((decoded.rows if isinstance(decoded, Table) else decoded.items) or ())
                if token := paging.next(decoded.continues, items, decoded.remaining):
                    coming = asyncio.create_task(self._page(path, token, doing))
                # The next request leaves now: the server prints that page while the rows of this one are made.
                await asyncio.sleep(0)
                with promised(self._connection, doing):
                    page = self._reader.rows_of(decoded, self._connection.clock.now())
                listed.update(row.uid for row in page.rows)
                if len(listed) > known:
                    paging.progressed()
                known = len(listed)
                yield page
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    async def _page(self, path: str, token: str, doing: str) -> bytes:
        query = {**self._query.parameters(), "limit": str(_PAGE)}
        if not self._tables_refused:
            query["includeObject"] = "Metadata"
        if token:
            query["continue"] = token
        accept = ACCEPT_METADATA if self._tables_refused else ACCEPT_TABLE
        try:
            answer = await self._connection.request("GET", path, query=query, accept=accept, doing=doing)
        except NotAcceptable:
            if self._tables_refused:
                raise
            self._tables_refused = True
            return await self._page(path, token, doing)
        self._connection.expect_json(answer.content_type, answer.body, doing)
        return answer.body


@contextmanager
def promised(connection: Connection, doing: str) -> Iterator[None]:
    """Tell an answer that is not what the protocol promises as one."""
    try:
        yield
    except WrongShape:
        raise connection.malformed(doing) from None
