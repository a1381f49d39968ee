"""The doctor looks at the journal too: unreadable, broken, or with something left open."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from backends.clock import SystemClock
from backends.journal import SqliteJournal, works_still
from backends.journal.schema import TRIGGERS
from backends.model.journal import Author, EventKind
from backends.operations.journal_check import journal_check

ENDED = Author("alice", "", "")


def own(file: Path) -> SqliteJournal:
    return SqliteJournal(file, SystemClock())


async def test_an_empty_one_and_a_whole_one_are_well(tmp_path: Path) -> None:
    async with own(tmp_path / "journal.db") as journal:
        check = await journal_check(journal, works_still)
        assert (check.outcome, check.source, check.what) == ("ok", "journal", "nothing was written yet")
        await journal.record("a1", EventKind.REFUSED, "orlando", {})
        assert (await journal_check(journal, works_still)).what == "the chain holds: 1 row"


async def test_what_an_ended_console_left_open_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    async with own(file) as journal, SqliteJournal(file, SystemClock(), author=ENDED) as other:
        await journal.record("a1", EventKind.INTENT, "orlando", {})
        assert (await journal_check(journal, works_still)).outcome == "ok", "it is at work"
        await other.record("a2", EventKind.INTENT, "orlando", {})
        check = await journal_check(journal, works_still)
        assert (check.outcome, check.what, check.todo) == (
            "warn",
            "1 operation was left open",
            "see stampdeck audit open",
        )


async def test_a_changed_row_and_an_unusable_file_fail(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    async with own(file) as journal:
        await journal.record("a1", EventKind.REFUSED, "orlando", {"why": "others-serve"})
    with closing(sqlite3.connect(file)) as found:
        for name in TRIGGERS:
            found.execute(f"DROP TRIGGER {name}")
        found.execute("UPDATE event SET data = ?", (json.dumps({"why": "nothing"}),))
        found.commit()
    async with own(file) as journal:
        check = await journal_check(journal, works_still)
        assert (check.outcome, check.what) == ("fail", "the chain of the journal is broken")
        assert check.why and check.todo
    (tmp_path / "file").write_text("no folder")
    async with own(tmp_path / "file" / "journal.db") as journal:
        check = await journal_check(journal, works_still)
        assert check.outcome == "fail" and check.why and check.todo
