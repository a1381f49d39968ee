"""The history: what the journal has, live, filtered, and one operation in full."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from backends.journal import SqliteJournal
from backends.journal.schema import TRIGGERS
from backends.model.change import Change
from backends.model.journal import Author, EventKind
from backends.operations.reconciliation import Reconciliation
from backends.operations.work import Verified
from screens.history.operation import OperationScreen
from screens.history.screen import HistoryScreen
from tests.screens.stage import Stage, StillClock, ready, screen_text, shows, until

ALICE = Author("alice", "bastion", "1:2:3:4")
DRAIN: dict[str, Any] = {
    "action": "drain",
    "target": {"kind": "node", "name": "k8s-linuxpool-0", "namespace": None},
    "summary": "drain k8s-linuxpool-0",
    "command": "kubectl drain k8s-linuxpool-0",
    "impact": "disruptive",
    "parameters": {},
}


class DrainedWork:
    async def verify(self) -> Verified:
        return Verified(True, "no pods left")


class HistoryStage:
    """The application on a journal of its own, and another console's on the same file."""

    def __init__(self, file: Path) -> None:
        self.clock = StillClock()
        self.stage = Stage(clock=self.clock)
        self.journal = SqliteJournal(file, self.clock)
        self.other = SqliteJournal(file, self.clock, author=ALICE)
        self.copied: list[str] = []

        def rebuild(change: Change) -> DrainedWork:
            return DrainedWork()

        self.stage.services.journal = self.journal
        self.stage.services.reconciliation = Reconciliation(self.journal, rebuild, lambda author: author != ALICE)

    async def record(self, operation: str, kind: EventKind, stamp: str = "orlando", **data: Any) -> None:
        self.clock.at += 1
        await self.other.record(operation, kind, stamp, data)

    async def fill(self) -> None:
        """A refusal, a drain with an override that is done, and one that is open."""
        await self.record("a1", EventKind.REFUSED, **DRAIN, step="preconditions", why="others-serve: seattle degraded")
        await self.record(
            "a2", EventKind.INTENT, **DRAIN, overrides=["others-serve"], reason="ticket 4711", diff="-a\n+b"
        )
        await self.record("a2", EventKind.STEP, text="evicted web-1")
        await self.record("a2", EventKind.OUTCOME, result="done", what="drained", why="no pods left")
        await self.record("a3", EventKind.INTENT, "seattle", **DRAIN)

    @asynccontextmanager
    async def run(self, size: tuple[int, int] = (100, 30)) -> AsyncIterator[Pilot[int]]:
        async with self.journal, self.other, self.stage.run(size) as pilot:
            await ready(pilot)
            await pilot.press("U")
            await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), "the history")
            yield pilot

    def rows(self, pilot: Pilot[int]) -> list[str]:
        """The operations shown, from the top."""
        screen = pilot.app.screen
        assert isinstance(screen, HistoryScreen)
        return [row.name for row in screen.table.shown_rows]

    async def has(self, pilot: Pilot[int], *operations: str) -> None:
        await until(pilot, lambda: self.rows(pilot) == list(operations), f"{operations}")


@pytest.fixture
def on(tmp_path: Path) -> HistoryStage:
    return HistoryStage(tmp_path / "state" / "journal.db")


async def test_without_a_journal_it_says_so_and_makes_none(on: HistoryStage) -> None:
    async with on.run((80, 24)) as pilot:
        await shows(pilot, "nothing was written yet", "0 recorded")
        await pilot.press("r")
        await shows(pilot, "nothing is open")
        assert not on.journal.file.exists()


async def test_operations_come_newest_first_and_new_ones_appear(on: HistoryStage) -> None:
    await on.fill()
    async with on.run((80, 24)) as pilot:
        await on.has(pilot, "a3", "a2", "a1")
        await shows(pilot, "3 recorded, 1 open", "alice", "refused", "drain k8s-linuxpool-0")
        await on.record("a4", EventKind.ARMED, "")
        on.clock.at += 2
        await on.has(pilot, "a4", "a3", "a2", "a1")
        await on.record("a3", EventKind.OUTCOME, "seattle", result="failed", what="stopped", why="1 pod left")
        on.clock.at += 2
        await shows(pilot, "4 recorded", "failed")
        await until(pilot, lambda: "open" not in screen_text(pilot.app).splitlines()[1], "the end in the title")


async def test_a_filter_and_the_open_ones(on: HistoryStage) -> None:
    await on.fill()
    async with on.run() as pilot:
        await on.has(pilot, "a3", "a2", "a1")
        await pilot.press("slash", *"result:done")
        await on.has(pilot, "a2")
        await pilot.press("enter", "escape")
        await on.has(pilot, "a3", "a2", "a1")
        await pilot.press("o")
        await on.has(pilot, "a3")
        await on.record("a4", EventKind.INTENT, "seattle", **DRAIN)
        on.clock.at += 2
        await on.has(pilot, "a4", "a3")
        await pilot.press("slash", *"[")
        await shows(pilot, "at character 1")
        await pilot.press("escape", "escape")
        await on.has(pilot, "a4", "a3", "a2", "a1")


async def test_one_operation_in_full_and_as_it_goes_on(on: HistoryStage) -> None:
    await on.fill()
    async with on.run((80, 24)) as pilot:
        await on.has(pilot, "a3", "a2", "a1")
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, OperationScreen), "the operation")
        await shows(pilot, "drain k8s-linuxpool-0", "others-serve", "ticket 4711", "drained: no pods left", "row 2")
        await pilot.press("G")
        await shows(pilot, "evicted web-1", "outcome")
        await pilot.press("C")
        await shows(pilot, "copied the command")
        await pilot.press("slash", *"evicted", "enter", "escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), "the history again")
        await pilot.press("up", "enter")
        await shows(pilot, "seattle", "intent")
        await on.record("a3", EventKind.STEP, "seattle", text="evicted web-7")
        on.clock.at += 2
        await shows(pilot, "evicted web-7")


async def test_a_lone_event_and_foreign_text_are_shown_inert(on: HistoryStage) -> None:
    await on.record("", EventKind.SHELL, "orlando", did="[bold]not markup[/], web-1\x1b]0;owned\x07")
    async with on.run() as pilot:
        await shows(pilot, "did=[bold]not", "shell")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, OperationScreen), "the event")
        await shows(pilot, "web-1␛]0;owned␇", "row 1")


async def test_open_ones_are_compared_and_closed(on: HistoryStage) -> None:
    await on.fill()
    async with on.run() as pilot:
        await shows(pilot, "1 open")
        await pilot.press("r")
        await until(pilot, lambda: "1 open" not in screen_text(pilot.app), "its end")
        await shows(pilot, "3 recorded", "found done")


async def test_verify_tells_whether_the_chain_holds(on: HistoryStage) -> None:
    await on.fill()
    async with on.run() as pilot:
        await on.has(pilot, "a3", "a2", "a1")
        await pilot.press("v")
        await shows(pilot, "the chain holds: 5 rows")
        with closing(sqlite3.connect(on.journal.file, isolation_level=None)) as database:
            for name in TRIGGERS:
                database.execute(f"DROP TRIGGER {name}")
            database.execute("UPDATE event SET stamp = 'tampa' WHERE number = 3")
        await pilot.press("v")
        await shows(pilot, "the chain is broken: row 3")


async def test_a_journal_that_cannot_be_read_is_said_and_watching_goes_on(on: HistoryStage) -> None:
    on.journal.file.parent.mkdir()
    on.journal.file.write_text("no database\n" * 100)
    async with on.run((80, 24)) as pilot:
        await shows(pilot, "reading the journal")
        await until(pilot, lambda: "✗" in screen_text(pilot.app), "the problem")
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HistoryScreen), "home")


async def test_another_file_in_its_place_is_shown(on: HistoryStage) -> None:
    await on.fill()
    async with on.run() as pilot:
        await on.has(pilot, "a3", "a2", "a1")
        for each in on.journal.file.parent.iterdir():
            each.unlink()
        on.clock.at += 2
        await shows(pilot, "nothing was written yet")
        async with SqliteJournal(on.journal.file, on.clock) as begun:
            await begun.record("b1", EventKind.INTENT, "orlando", DRAIN)
        on.clock.at += 2
        await on.has(pilot, "b1")


async def test_it_is_reached_by_its_words(on: HistoryStage) -> None:
    for word in ("history", "audit"):
        stage = HistoryStage(on.journal.file.with_name(word))
        async with stage.run() as pilot:
            await pilot.press("q")
            await pilot.press("colon", *word, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen), word)
            await pilot.press("U")
            assert len(pilot.app.screen_stack) == 2
