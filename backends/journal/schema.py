"""The tables of journal.db, and the triggers that let rows only be added."""

from __future__ import annotations

from backends.journal.chain import GENESIS

APPLICATION_ID = 0x5374646B
"""Tells our files from any other SQLite database (`PRAGMA application_id`): "Stdk"."""
SCHEMA_VERSION = 1
"""Of the tables below (`PRAGMA user_version`)."""
STRICT_SINCE = (3, 37)
"""Before this version SQLite has no STRICT tables; Red Hat 8 and 9 come with older ones."""

COLUMNS = "number, operation, at_us, kind, person, host, process, stamp, data, hash"

# The head stands apart from the rows: with it a removed tail is seen, and a row that follows one leaves a gap.
_TABLES = (
    """CREATE TABLE event (
        number INTEGER PRIMARY KEY,
        operation TEXT NOT NULL,
        at_us INTEGER NOT NULL,
        kind TEXT NOT NULL,
        person TEXT NOT NULL,
        host TEXT NOT NULL,
        process TEXT NOT NULL,
        stamp TEXT NOT NULL,
        data TEXT NOT NULL,
        hash TEXT NOT NULL
    )""",
    """CREATE TABLE head (
        only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
        number INTEGER NOT NULL,
        hash TEXT NOT NULL
    )""",
)
_INDEXES = (
    "CREATE INDEX event_of_operation ON event (operation, kind)",
    "CREATE INDEX event_by_kind ON event (kind)",
)
# Inserting is guarded too: INSERT OR REPLACE removes rows without asking a trigger for DELETE.
TRIGGERS = {
    "event_stays": """CREATE TRIGGER event_stays BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END""",
    "event_is_kept": """CREATE TRIGGER event_is_kept BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END""",
    "event_follows": """CREATE TRIGGER event_follows BEFORE INSERT ON event
        WHEN NEW.number <> (SELECT number FROM head) + 1
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END""",
    "head_is_one": """CREATE TRIGGER head_is_one BEFORE INSERT ON head
        WHEN EXISTS (SELECT 1 FROM head)
        BEGIN SELECT RAISE(ABORT, 'the journal has one head'); END""",
    "head_is_kept": """CREATE TRIGGER head_is_kept BEFORE DELETE ON head
        BEGIN SELECT RAISE(ABORT, 'the journal has one head'); END""",
    "head_goes_on": """CREATE TRIGGER head_goes_on BEFORE UPDATE ON head
        WHEN NEW.number <> OLD.number + 1
        BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END""",
}


def statements(sqlite_version: tuple[int, ...]) -> list[str]:
    """Return what makes an empty database a journal, to be run in one transaction."""
    strict = " STRICT" if sqlite_version >= STRICT_SINCE else ""
    return [
        *(f"{table}{strict}" for table in _TABLES),
        *_INDEXES,
        f"INSERT INTO head VALUES (1, 0, '{GENESIS}')",
        *TRIGGERS.values(),
        f"PRAGMA application_id = {APPLICATION_ID}",
        f"PRAGMA user_version = {SCHEMA_VERSION}",
    ]
