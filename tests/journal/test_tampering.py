"""What a hostile or careless hand in the file leaves behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backends.errors import JournalFailed
from backends.journal import SqliteJournal
from backends.journal.chain import StoredRow
from backends.journal.schema import COLUMNS, TRIGGERS
from backends.model.journal import ChainCheck, EventKind
from tests.support.clock import ManualClock


@contextmanager
def opened(file: Path, *, guarded: bool = False) -> Iterator[sqlite3.Connection]:
    """The file as any other program opens it; unless `guarded` without its triggers, which come back at the end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        if not guarded:
            for name in TRIGGERS:
                database.execute(f"DROP TRIGGER {name}")
        yield database
        if not guarded:
            for made in TRIGGERS.values():
                database.execute(made)


async def checked(file: Path, tamper: Callable[[sqlite3.Connection], object], rows: int = 9) -> ChainCheck:
    """Write rows, tamper with them, and return what a check says."""
    async with SqliteJournal(file, ManualClock()) as journal:
        for number in range(rows):
            await journal.record(f"op{number}", EventKind.STEP, "orlando", {"n": number})
    with opened(file) as database:
        tamper(database)
    async with SqliteJournal(file, ManualClock()) as journal:
        return await journal.verify()


def rehash(database: sqlite3.Connection, first: int, last: int) -> None:
    """Make the hashes of rows anew, as someone would who knows how."""
    for number in range(first, last + 1):
        rows = database.execute(
            f"SELECT {COLUMNS} FROM event WHERE number IN (?, ?) ORDER BY number", (number - 1, number)
        )
        before, row = (StoredRow(*each) for each in rows)
        database.execute("UPDATE event SET hash = ? WHERE number = ?", (row.hash_after(before.hash), number))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET person = 'mallory' WHERE number = 2",
        "DELETE FROM event WHERE number = 2",
        "DELETE FROM event",
        "REPLACE INTO event SELECT 2, operation, at_us, kind, 'mallory', host, process, stamp, data, hash FROM event",
        "INSERT INTO event SELECT 9, operation, at_us, kind, person, host, process, stamp, data, hash FROM event",
        "UPDATE head SET number = 1",
        "DELETE FROM head",
        "REPLACE INTO head VALUES (1, 0, '')",
    ],
)
async def test_rows_are_only_added(journal: SqliteJournal, file: Path, statement: str) -> None:
    for _ in range(3):
        await journal.record("a1", EventKind.STEP, "orlando")
    with opened(file, guarded=True) as database, pytest.raises(sqlite3.IntegrityError, match="journal"):
        database.execute(statement)
    assert (await journal.verify()).rows == 3


@pytest.mark.parametrize("column", ["operation", "at_us", "kind", "person", "host", "process", "stamp", "data", "hash"])
async def test_a_changed_row_is_named(file: Path, column: str) -> None:
    value = 7 if column == "at_us" else "mallory"
    found = await checked(file, lambda db: db.execute(f"UPDATE event SET {column} = ? WHERE number = 5", (value,)))
    assert (found.broken_at, found.rows) == (5, 4)
    assert "changed" in found.why


async def test_a_row_with_bytes_that_are_no_text_is_named(file: Path) -> None:
    found = await checked(file, lambda db: db.execute("UPDATE event SET data = CAST(x'ff' AS TEXT) WHERE number = 5"))
    assert found.broken_at == 5


async def test_a_removed_row_is_named(file: Path) -> None:
    found = await checked(file, lambda db: db.execute("DELETE FROM event WHERE number = 5"))
    assert (found.broken_at, found.why) == (5, "row 5 is missing")


async def test_rows_moved_up_to_hide_a_removed_one_do_not_fit(file: Path) -> None:
    def remove(database: sqlite3.Connection) -> None:
        database.execute("DELETE FROM event WHERE number = 5")
        for number in range(6, 10):
            database.execute("UPDATE event SET number = number - 1 WHERE number = ?", (number,))

    assert (await checked(file, remove)).broken_at == 5


async def test_a_cut_off_end_is_named(file: Path) -> None:
    found = await checked(file, lambda db: db.execute("DELETE FROM event WHERE number > 6"))
    assert (found.broken_at, found.why) == (7, "rows 7 to 9 are missing: the end was cut off")


async def test_what_is_written_behind_a_cut_off_end_does_not_hide_it(file: Path) -> None:
    await checked(file, lambda db: db.execute("DELETE FROM event WHERE number > 6"))
    async with SqliteJournal(file, ManualClock()) as journal:
        assert (await journal.record("later", EventKind.STEP, "orlando")).number == 10
        assert (await journal.verify()).why == "rows 7 to 9 are missing"


async def test_a_last_row_with_a_hash_made_anew_is_named(file: Path) -> None:
    def forge(database: sqlite3.Connection) -> None:
        database.execute("UPDATE event SET person = 'mallory' WHERE number = 9")
        rehash(database, 9, 9)

    found = await checked(file, forge)
    assert found.broken_at == 9
    assert "made anew" in found.why


async def test_a_row_added_past_the_console_is_named(file: Path) -> None:
    def add(database: sqlite3.Connection) -> None:
        database.execute(
            "INSERT INTO event SELECT 10, operation, at_us, kind, person, host, process, stamp, data, hash "
            "FROM event WHERE number = 9"
        )
        rehash(database, 10, 10)

    found = await checked(file, add)
    assert found.broken_at == 10
    assert "past the console" in found.why


async def test_only_a_noted_head_tells_of_a_chain_rewritten_to_its_end(file: Path) -> None:
    """The limit of any chain that is kept in one place: said in the command's help too."""

    def rewrite(database: sqlite3.Connection) -> None:
        noted.append(database.execute("SELECT hash FROM head").fetchone()[0])
        database.execute("UPDATE event SET person = 'mallory' WHERE number = 5")
        rehash(database, 5, 9)
        database.execute("UPDATE head SET hash = (SELECT hash FROM event WHERE number = 9)")

    noted: list[str] = []
    assert (await checked(file, rewrite)).holds
    async with SqliteJournal(file, ManualClock()) as journal:
        found = await journal.verify(noted[0])
        assert found.broken_at is None
        assert f"no row has the hash {noted[0]}" in found.why


async def test_a_head_noted_earlier_is_found_later(journal: SqliteJournal) -> None:
    noted = (await journal.record("a1", EventKind.STEP, "orlando")).hash
    for _ in range(3):
        await journal.record("a1", EventKind.STEP, "orlando")
    assert (await journal.verify(noted)).holds
    assert (await journal.verify(noted[:12].upper())).holds
    assert not (await journal.verify("f" * 12)).holds


async def test_a_missing_guard_is_told(journal: SqliteJournal, file: Path) -> None:
    await journal.record("a1", EventKind.STEP, "orlando")
    with opened(file, guarded=True) as database:
        database.execute("DROP TRIGGER event_stays")
    found = await journal.verify()
    assert (found.rows, found.broken_at) == (1, None)
    assert "event_stays" in found.why


async def test_a_row_of_another_make_stops_reading_with_its_number(file: Path) -> None:
    await checked(file, lambda db: db.execute("UPDATE event SET kind = 'party' WHERE number = 5"))
    async with SqliteJournal(file, ManualClock()) as journal:
        with pytest.raises(JournalFailed, match="row 5 holds what the console never writes"):
            await journal.events()
        assert len(await journal.events(after=5)) == 4
