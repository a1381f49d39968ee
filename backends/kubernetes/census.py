"""How many objects there are, and what their printed lines say, at a fraction of what following them costs.

Facts: `remainingItemCount` of a list limited to one object counts the rest (API concepts; 1.15 and newer), but not
where a selector narrows it; a Table without its objects (`includeObject=None`) is a small part of one with their
metadata, and the server compresses answers above 128 KiB.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import msgspec

from backends.kubernetes.connection import Connection
from backends.kubernetes.paging import Paging
from backends.kubernetes.query import Query
from backends.kubernetes.reflections import Reflections
from backends.kubernetes.tables import ACCEPT_TABLE, ListMetadata
from backends.model.kinds import ResourceKind
from backends.model.table import CellValue, Column, PrintedPage

_PAGE = 1000


class _Bare(msgspec.Struct, gc=False):
    """One printed line; its object was not asked for."""

    cells: tuple[CellValue, ...]


class _BareTable(msgspec.Struct):
    kind: str
    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)
    columns: list[Column] | None = msgspec.field(default=None, name="columnDefinitions")
    rows: list[_Bare] | None = None


class _Sample(msgspec.Struct):
    """The first page of a list, as a Table or as it comes from a server that prints none."""

    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)
    rows: list[msgspec.Raw] | None = None
    items: list[msgspec.Raw] | None = None


_TABLE = msgspec.json.Decoder(_BareTable)
_SAMPLE = msgspec.json.Decoder(_Sample)


class Census(ABC):
    """The counting half of a cluster; every call raises only `backends.errors.SourceError`."""

    connection: Connection
    _reflections: Reflections

    @abstractmethod
    async def find(self, kind: str) -> ResourceKind:
        """Return the kind kubectl would mean by a name; NotFound when the server does not offer it."""

    def followers(self, kind: str) -> int:
        """Return how many follow the whole of a collection at this moment."""
        return self._reflections.users(Query(kind))

    async def count(self, kind: str) -> int | None:
        """Return about how many objects a kind has, by one small request; None when the server does not say."""
        found = await self.find(kind)
        # Not bare metadata, which would be smaller: lists of that do not say how many remain (seen on 1.20).
        query = {"limit": "1", "includeObject": "None"}
        listed = await self.connection.read(
            found.path(), _SAMPLE, doing=f"count {found.resource}", query=query, accept=ACCEPT_TABLE
        )
        here = len(listed.rows or listed.items or ())
        if not listed.metadata.continues:
            return here
        return None if listed.metadata.remaining is None else here + listed.metadata.remaining

    async def printed(self, kind: str, *, field_selector: str = "") -> AsyncIterator[PrintedPage]:
        """Yield what the server prints of every object, page by page and nothing else of them.

        Malformed where it prints no Tables; Expired when the pages took longer than it keeps a list.
        """
        found = await self.find(kind)
        doing = f"count {found.resource}"
        query = {**Query(kind, field_selector=field_selector).parameters(), "limit": str(_PAGE)}
        query["includeObject"] = "None"
        paging = Paging(self.connection, doing)
        columns: tuple[Column, ...] = ()
        while True:
            page = await self.connection.read(found.path(), _TABLE, doing=doing, query=query, accept=ACCEPT_TABLE)
            if page.kind != "Table":
                raise self.connection.malformed(doing)
            columns = tuple(page.columns) if page.columns else columns
            rows = page.rows or []
            if rows:
                paging.progressed()
            yield PrintedPage(columns, [each.cells for each in rows])
            query["continue"] = paging.next(page.metadata.continues, len(rows), page.metadata.remaining)
            if not query["continue"]:
                return
