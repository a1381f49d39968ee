"""The rows of journal.db: appended, asked for, and checked. Blocks; belongs to one thread."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from backends.errors import JournalFailed
from backends.journal.chain import GENESIS, StoredRow
from backends.journal.database import open_to_read, open_to_write
from backends.journal.failures import failed, gone
from backends.journal.query import Query
from backends.journal.schema import COLUMNS, TRIGGERS
from backends.model.journal import CLOSING, EventKind

_INSERT = f"INSERT INTO event ({COLUMNS}) VALUES ({', '.join('?' * len(StoredRow._fields))})"
_SELECT = f"SELECT {COLUMNS} FROM event "
_CLOSED = ", ".join(f"'{kind.value}'" for kind in CLOSING)
_OPEN = (
    f"{_SELECT}WHERE operation IN (SELECT operation FROM event WHERE kind = '{EventKind.INTENT.value}'"
    f" EXCEPT SELECT operation FROM event WHERE kind IN ({_CLOSED})) ORDER BY number"
)


class Store:
    """One connection, opened at the first use and anew after a failure. Calls raise JournalFailed."""

    def __init__(self, file: Path, busy_s: float) -> None:
        self._file = file
        self._busy_s = busy_s
        self._connection: sqlite3.Connection | None = None
        self._may_write = False
        self._opened: tuple[int, int] | None = None

    def append(self, draft: StoredRow) -> StoredRow:
        """Add a row and return it with its number and hash; it is durable when this returns."""
        with self._failing_as("writing"):
            connection = self._to_write()
            connection.execute("BEGIN IMMEDIATE")
            number, previous = connection.execute("SELECT number, hash FROM head").fetchone()
            row = draft._replace(number=number + 1)
            row = row._replace(hash=row.hash_after(previous))
            connection.execute(_INSERT, row)
            connection.execute("UPDATE head SET number = ?, hash = ?", (row.number, row.hash))
            connection.execute("COMMIT")
            return row

    def select(self, query: Query) -> list[StoredRow]:
        """Return what fits, oldest first."""
        wanted: dict[str, object] = {"number > ?": query.after}
        if query.since_us is not None:
            wanted["at_us >= ?"] = query.since_us
        if query.stamp:
            wanted["stamp = ?"] = query.stamp
        if query.operation:
            wanted["operation = ?"] = query.operation
        sql = f"{_SELECT}WHERE {' AND '.join(wanted)} ORDER BY number DESC LIMIT ?"
        return self._read(sql, (*wanted.values(), query.limit))[::-1]

    def select_open(self) -> list[StoredRow]:
        """Return all rows of operations with an intent and without an end, oldest first."""
        return self._read(_OPEN, ())

    def page(self, after: int, size: int) -> list[StoredRow]:
        """Return the next rows of the chain, as the table itself holds them."""
        return self._read(f"{_SELECT}NOT INDEXED WHERE number > ? ORDER BY number LIMIT ?", (after, size))

    def head(self) -> tuple[int, str]:
        """Return the number and hash of the newest row as they were noted when it was written."""
        with self._failing_as("reading"):
            connection = self._to_read()
            row = connection.execute("SELECT number, hash FROM head").fetchone() if connection else None
            return (0, GENESIS) if row is None else (int(row[0]), str(row[1]))

    def missing_guards(self) -> Sequence[str]:
        """Return the triggers that should be there and are not, or not as they were made."""
        with self._failing_as("reading"):
            connection = self._to_read()
            if connection is None:
                return ()
            found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
            return [name for name, sql in TRIGGERS.items() if found.get(name) != sql]

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _read(self, sql: str, values: tuple[object, ...]) -> list[StoredRow]:
        with self._failing_as("reading"):
            connection = self._to_read()
            return [] if connection is None else [StoredRow(*row) for row in connection.execute(sql, values)]

    @contextlib.contextmanager
    def _failing_as(self, doing: str) -> Iterator[None]:
        try:
            yield
        except JournalFailed:
            self.close()
            raise
        except (sqlite3.Error, OSError) as error:
            self.close()  # which rolls back: after a full or failing disk nothing half written is left
            raise failed(doing, self._file, error) from None

    def _to_read(self) -> sqlite3.Connection | None:
        if self._connection is not None and self._identity() != self._opened:
            self.close()
        if self._connection is None:
            self._connection = open_to_read(self._file, self._busy_s)
            self._may_write, self._opened = False, self._identity()
        return self._connection

    def _to_write(self) -> sqlite3.Connection:
        if self._connection is not None and not self._may_write:
            self.close()
        if self._connection is None:
            self._connection = open_to_write(self._file, self._busy_s)
            self._may_write, self._opened = True, self._identity()
        elif self._identity() != self._opened:
            raise gone(self._file)
        return self._connection

    def _identity(self) -> tuple[int, int] | None:
        """Return which file is at the path now: rows written to one that was removed would be lost unseen."""
        try:
            status = os.stat(self._file)  # noqa: PTH116 - at each use; a Path costs more than the call
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino
