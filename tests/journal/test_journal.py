"""What the journal keeps, for whom, and what it never keeps."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from backends.errors import JournalFailed
from backends.journal import SqliteJournal
from backends.model.journal import Author, EventKind
from tests.support.clock import START, ManualClock


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_reading_before_the_first_event_makes_nothing(journal: SqliteJournal, file: Path) -> None:
    assert await journal.events() == ()
    assert await journal.open_operations() == ()
    assert (await journal.verify()).holds
    assert not file.parent.exists()


async def test_what_is_recorded_is_there_for_another_console(
    journal: SqliteJournal, file: Path, clock: ManualClock
) -> None:
    event = await journal.record("a1", EventKind.INTENT, "orlando", {"action": "drain", "parameters": {"grace_s": 30}})
    assert (event.number, event.at, event.author, event.stamp) == (1, START, journal.author, "orlando")
    async with SqliteJournal(file, clock) as other:
        assert await other.events() == (event,)
        second = await other.record("a1", EventKind.OUTCOME, "orlando", {"result": "done"})
    assert await journal.events() == (event, second)
    assert (await journal.verify()).head == second.hash


async def test_the_file_and_its_log_are_private(journal: SqliteJournal, file: Path) -> None:
    previous = os.umask(0)
    try:
        await journal.record("a1", EventKind.ARMED, "")
        names = {each.name: mode(each) for each in file.parent.iterdir()}
    finally:
        os.umask(previous)
    assert names == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert mode(file.parent) == 0o700


async def test_a_file_others_could_read_is_closed_to_them(journal: SqliteJournal, file: Path) -> None:
    async with SqliteJournal(file, ManualClock()) as before:
        await before.record("a1", EventKind.ARMED, "")
    file.chmod(0o644)
    await journal.record("a2", EventKind.ARMED, "")
    assert {mode(each) for each in file.parent.iterdir()} == {0o600}


async def test_events_are_found_by_time_stamp_operation_and_number(journal: SqliteJournal, clock: ManualClock) -> None:
    for number in range(6):
        stamp = "orlando" if number % 2 else "seattle"
        await journal.record(f"op{number // 2}", EventKind.STEP, stamp, {"n": number})
        await clock.advance(10)
    numbers = [each.number for each in await journal.events()]
    assert numbers == [1, 2, 3, 4, 5, 6]
    assert [each.number for each in await journal.events(since=START + 40)] == [5, 6]
    assert [each.number for each in await journal.events(stamp="seattle")] == [1, 3, 5]
    assert [each.number for each in await journal.events(operation="op1", stamp="orlando")] == [4]
    assert [each.number for each in await journal.events(after=4)] == [5, 6]
    assert [each.number for each in await journal.events(limit=2)] == [5, 6]


async def test_an_operation_is_open_from_its_intent_to_its_end(journal: SqliteJournal) -> None:
    for operation, kinds in {
        "done": (EventKind.TAKEN_OVER, EventKind.INTENT, EventKind.STEP, EventKind.OUTCOME),
        "refused": (EventKind.REFUSED,),
        "shell": (EventKind.SHELL,),
        "late": (EventKind.INTENT, EventKind.STEP),
        "taken": (EventKind.TAKEN_OVER, EventKind.INTENT, EventKind.RECONCILED),
    }.items():
        for kind in kinds:
            await journal.record(operation, kind, "orlando")
    found = await journal.open_operations()
    assert [each.operation for each in found] == ["late", "taken"]
    assert [each.kind for each in found[1].events] == [EventKind.TAKEN_OVER, EventKind.INTENT, EventKind.RECONCILED]
    assert found[1].intent.kind is EventKind.INTENT


async def test_the_holder_is_who_took_it_up_last(file: Path, clock: ManualClock) -> None:
    for process, kind in (("1", EventKind.INTENT), ("2", EventKind.RESUMED), ("3", EventKind.RECONCILED)):
        async with SqliteJournal(file, clock, author=Author("alice", "bastion", process)) as journal:
            await journal.record("a1", kind, "orlando")
            holder = (await journal.open_operations())[0].holder
    assert holder.process == "2"


SECRETS: dict[str, Any] = {
    "password": "hunter2hunter2",
    "nested": {"client_secret": "s3cr3t-value-1", "safe": "kept"},
    "argv": ["aks-engine", "deploy", "--client-secret", "s3cr3t-value-2"],
    "command": "kubectl --token=s3cr3t-value-3 get pods",
    "diff": "+data:\n+  tls.key: |\n+    -----BEGIN RSA PRIVATE KEY-----\n+    s3cr3t-value-4\n",
    "list": [{"why": "GET https://user:s3cr3t-value-5@host/ failed"}, 7, None, True],
}


async def test_secrets_never_reach_the_disk(journal: SqliteJournal, file: Path) -> None:
    event = await journal.record("a1", EventKind.INTENT, "orlando", SECRETS)
    written = b"".join(each.read_bytes() for each in file.parent.iterdir())
    assert b"s3cr3t" not in written and b"hunter2" not in written
    assert event.data["nested"]["safe"] == "kept"
    assert event.data["list"][1:] == [7, None, True]
    assert event.data["argv"][:3] == SECRETS["argv"][:3]
    assert [each.data for each in await journal.events()] == [event.data]


async def test_texts_are_bounded_and_whatever_their_characters(journal: SqliteJournal) -> None:
    event = await journal.record(
        "a1", EventKind.STEP, "orlando", {"diff": "y" * 100_000, "odd": "\ud800\x00\x1b[31m é"}
    )
    assert event.data["diff"].endswith("… (+36,000 characters)")
    assert event.data["odd"] == "\ud800\x00\x1b[31m é"
    assert (await journal.events())[0] == event
    assert (await journal.verify()).holds


async def test_what_is_no_plain_value_is_refused_and_leaves_no_row(journal: SqliteJournal) -> None:
    for data in ({"n": float("nan")}, {"o": object()}):
        with pytest.raises(JournalFailed, match="cannot keep"):
            await journal.record("a1", EventKind.STEP, "orlando", data)
    assert (await journal.record("a1", EventKind.STEP, "orlando")).number == 1


async def test_anyone_can_recompute_the_chain(journal: SqliteJournal) -> None:
    for number in range(3):
        await journal.record("a1", EventKind.STEP, "orlando", {"b": number, "a": "é"})
    previous = "0" * 64
    for each in await journal.events():
        data = json.dumps(each.data, sort_keys=True, separators=(",", ":"))
        who = (each.author.person, each.author.host, each.author.process)
        row = [previous, each.number, each.operation, round(each.at * 1e6), each.kind, *who, each.stamp, data]
        previous = hashlib.sha256(json.dumps(row, separators=(",", ":")).encode()).hexdigest()
        assert each.hash == previous


async def test_a_cancelled_record_is_written_whole(journal: SqliteJournal) -> None:
    recording = asyncio.ensure_future(journal.record("a1", EventKind.INTENT, "orlando"))
    await asyncio.sleep(0)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    assert (await journal.record("a1", EventKind.OUTCOME, "orlando")).number == 2
    assert (await journal.verify()).holds


async def test_many_at_once_keep_their_order(journal: SqliteJournal) -> None:
    events = await asyncio.gather(*(journal.record("a1", EventKind.STEP, "x", {"n": n}) for n in range(40)))
    assert [each.number for each in events] == list(range(1, 41))
    assert [each.data["n"] for each in events] == list(range(40))


def test_sqlite_is_not_imported_before_the_journal_is_used() -> None:
    code = (
        "import sys, console.wiring, backends.journal;sys.exit('sqlite3' in sys.modules or '_sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
