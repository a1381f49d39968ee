"""Consoles that are killed while they write, and many that write at once: one chain, nothing torn, nothing lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import closing
from pathlib import Path

from backends.clock import SystemClock
from backends.journal import SqliteJournal, works_still
from backends.model.journal import EventKind

KILLS = 30


async def writer(file: Path, operation: str, events: int = 0) -> Process:
    """Start a process that records, and prints what it recorded."""
    words = [sys.executable, "-m", "tests.journal.writer", str(file), operation, str(events)]
    return await asyncio.create_subprocess_exec(*words, stdin=DEVNULL, stdout=PIPE)


async def said(process: Process, lines: int) -> list[str]:
    """Return the first lines of a writer; it goes on meanwhile."""
    assert process.stdout is not None
    return [(await asyncio.wait_for(process.stdout.readline(), 60)).decode() for _ in range(lines)]


async def kill(process: Process) -> list[str]:
    """Kill a writer wherever it is, and return what else it had said by then, last line cut or not."""
    assert process.stdout is not None
    process.kill()
    rest = (await process.stdout.read()).decode()
    assert await process.wait() == -signal.SIGKILL
    return rest.splitlines(keepends=True)


def acknowledged(lines: list[str]) -> dict[int, str]:
    """Return the numbers and hashes of what a writer was told to be on disk."""
    whole = (line.split() for line in lines if line.endswith("\n"))
    return {int(number): digest for number, digest in whole}


async def test_thirty_kills_leave_one_whole_chain(file: Path) -> None:
    async with SqliteJournal(file, SystemClock()) as journal:
        await journal.record("start", EventKind.ARMED, "")
        steady = await writer(file, "steady")
        promised: dict[int, str] = {}
        for number in range(KILLS):
            victim = await writer(file, f"victim-{number}")
            lines = await said(victim, 1 + number % 4)
            promised |= acknowledged([*lines, *await kill(victim)])
            await journal.record(f"between-{number}", EventKind.STEP, "orlando")
        promised |= acknowledged(await kill(steady))

        found = await journal.verify()
        assert found.holds, found
        events = {each.number: each for each in await journal.events(limit=1_000_000)}
        assert list(events) == list(range(1, found.rows + 1))
        assert {number: events[number].hash for number in promised} == promised, "said to be on disk, and is not"
        # A row of which its writer did not hear any more is whole, and at most one per kill.
        written = [each for each in events.values() if each.operation.startswith(("victim", "steady"))]
        assert len(promised) <= len(written) <= len(promised) + KILLS + 1
        assert all(each.data["text"] == "x" * 300 for each in written)
        assert {each.operation for each in events.values() if each.operation.startswith("between")} == {
            f"between-{number}" for number in range(KILLS)
        }
        victims = {each.author for each in written}
        assert len(victims) == KILLS + 1
        assert not any(works_still(each) for each in victims)
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_six_consoles_begin_and_write_one_chain_at_once(file: Path) -> None:
    writers = [await writer(file, f"console-{number}", 40) for number in range(6)]
    lines = await asyncio.gather(*(said(each, 40) for each in writers))
    assert [await each.wait() for each in writers] == [0] * 6
    async with SqliteJournal(file, SystemClock()) as journal:
        found = await journal.verify()
        events = await journal.events()
    assert (found.holds, found.rows, len(events)) == (True, 240, 240)
    assert {each.number: each.hash for each in events} == {
        number: digest for each in lines for number, digest in acknowledged(each).items()
    }
    for number in range(6):
        own = [each for each in events if each.operation == f"console-{number}"]
        assert [each.data["step"] for each in own] == list(range(1, 41))
        assert len({each.author.process for each in own}) == 1
    assert os.listdir(file.parent) == ["journal.db"], "the last one to close leaves the log in the file"
