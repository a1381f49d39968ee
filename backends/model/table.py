"""Rows of any kind as the server prints them, and the store the watch writes and the views read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

import msgspec

CellValue: TypeAlias = str | int | float | bool | None


class Column(msgspec.Struct, frozen=True):
    """One column of a server-printed Table (meta.k8s.io/v1 TableColumnDefinition); priority > 0 means wide."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class PrintedPage(NamedTuple):
    """Lines of a Table without the objects they are of: the columns, and each line's cells."""

    columns: tuple[Column, ...]
    lines: Sequence[tuple[CellValue, ...]]


class Row(msgspec.Struct, frozen=True, gc=False, eq=False):
    """One object as a line: the server's cells plus the metadata the console itself needs.

    Immutable and compared by identity, so that `is` tells whether something drawn is out of date.
    `created_at` is seconds since the Unix epoch (0 when unknown); `owner` is `Kind/name` of the
    controlling owner, or empty. No field refers back to a row, hence no cyclic collector (gc=False).
    """

    uid: str
    stamp: str
    namespace: str
    name: str
    cells: tuple[CellValue, ...]
    created_at: float = 0.0
    labels: dict[str, str] | None = None
    owner: str = ""
    version: str = ""
    deleting: bool = False
    seen_at: float = 0.0
    """When the server printed the cells (seconds since the epoch, 0 unknown): "5m ago" grows on from there."""


@dataclass(slots=True)
class RowBatch:
    """What changed since a reader last looked: rows by uid, None for a row that is gone.

    `columns_changed` means the cells have a new meaning and everything is to be drawn anew.
    """

    rows: dict[str, Row | None] = field(default_factory=dict)
    columns_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows) or self.columns_changed


def split(rows: dict[str, Row | None], most: int | None) -> tuple[dict[str, Row | None], dict[str, Row | None]]:
    """Return the first `most` changed rows (None: all) and the rest, in their order."""
    if most is None or len(rows) <= most:
        return rows, {}
    items = iter(rows.items())
    return dict(islice(items, most)), dict(items)


class RowChanges:
    """One reader's view of a store's changes, folded: a row changed ten times is read once."""

    def __init__(self, store: RowStore) -> None:
        self._store = store
        self._batch = RowBatch(rows=dict(store.rows), columns_changed=True)

    def note(self, uid: str, row: Row | None) -> None:
        """Remember the newest value of one row (called by the store)."""
        self._batch.rows[uid] = row

    def note_all(self, rows: dict[str, Row]) -> None:
        """Remember many rows (called by the store)."""
        self._batch.rows.update(rows)

    def note_columns(self) -> None:
        """Remember that the columns changed (called by the store)."""
        self._batch.columns_changed = True

    def drain(self) -> RowBatch:
        """Return what changed since the last call; the first call returns everything there is."""
        if not self._batch:
            return _NOTHING
        batch, self._batch = self._batch, RowBatch()
        return batch

    def close(self) -> None:
        """Stop following the store."""
        self._store.forget(self)


_NOTHING = RowBatch()


class RowStore:
    """All rows of one kind on one stamp, keyed by uid; written by one watch, read by any number of views.

    Writers only fold values in; nobody is called per event. Readers drain when they draw.
    """

    def __init__(self) -> None:
        self.columns: tuple[Column, ...] = ()
        self.rows: dict[str, Row] = {}
        self.changes_seen = 0
        self._readers: list[RowChanges] = []

    def follow(self) -> RowChanges:
        """Return a new reader whose first drain holds every current row."""
        reader = RowChanges(self)
        self._readers.append(reader)
        return reader

    def forget(self, reader: RowChanges) -> None:
        """Drop a reader; dropping one twice is harmless."""
        if reader in self._readers:
            self._readers.remove(reader)

    def set_columns(self, columns: tuple[Column, ...]) -> None:
        """Set the meaning of the cells; the same columns again change nothing."""
        if columns != self.columns:
            self.columns = columns
            for reader in self._readers:
                reader.note_columns()

    def put(self, row: Row) -> None:
        """Add or replace one row."""
        self.rows[row.uid] = row
        self.changes_seen += 1
        for reader in self._readers:
            reader.note(row.uid, row)

    def put_all(self, rows: Iterable[Row]) -> None:
        """Add or replace many rows, as a page of a list brings them."""
        found = {row.uid: row for row in rows}
        self.rows.update(found)
        self.changes_seen += len(found)
        for reader in self._readers:
            reader.note_all(found)

    def remove(self, uid: str) -> None:
        """Remove one row; a row that is not there changes nothing."""
        if self.rows.pop(uid, None) is not None:
            self.changes_seen += 1
            for reader in self._readers:
                reader.note(uid, None)

    def keep_only(self, uids: Iterable[str]) -> None:
        """Remove every row not named: the end of a relist, which must not blank what is still there."""
        for uid in self.rows.keys() - uids:
            self.remove(uid)
