"""Leaving while changes are going on is asked about once; arming that cannot be written down is refused."""

from __future__ import annotations

import pytest

from backends.model.journal import EventKind
from backends.model.proposal import Consent
from screens.leaving import AGAIN_WITHIN_S
from tests.operations.gate_stage import FakeWork
from tests.screens.stage import StillClock, ready, shows, until
from tests.screens.writing_stage import WritingStage


async def change_going_on(stage: WritingStage) -> None:
    """Begin a change that does not end by itself."""
    work = FakeWork()
    work.go_on.clear()
    stage.gate.arming.arm()
    stage.runs.start(work, await stage.gate.propose(work), Consent(True))
    assert stage.app.deck.writing.runs is stage.runs


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_leaving_twice_leaves_what_is_going_on(key: str) -> None:
    stage = WritingStage()
    async with stage.run() as pilot:
        await ready(pilot)
        await change_going_on(stage)
        await pilot.press(key)
        await shows(pilot, "1 change is going on: it stays open")
        assert stage.app.is_running
        await pilot.press(key)
        await until(pilot, lambda: stage.app.return_code == 0, "the end")


async def test_a_question_that_is_forgotten_is_asked_again() -> None:
    clock = StillClock()
    stage = WritingStage(clock=clock)
    async with stage.run() as pilot:
        await ready(pilot)
        await change_going_on(stage)
        await pilot.press("q")
        await shows(pilot, "for the next start to find")
        clock.at += AGAIN_WITHIN_S + 1
        await pilot.press("q")
        await pilot.pause()
        assert stage.app.return_code is None
        await pilot.press("ctrl+q")
        await until(pilot, lambda: stage.app.return_code == 0, "the end")


async def test_nothing_going_on_is_left_at_once() -> None:
    stage = WritingStage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("q")
        await until(pilot, lambda: stage.app.return_code == 0, "the end")


async def test_without_a_journal_nothing_is_armed_and_it_is_said_why() -> None:
    stage = WritingStage()
    stage.journal.failing = {EventKind.ARMED}
    async with stage.run((80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("W")
        await shows(pilot, "still read-only", "no space left")
        assert not stage.gate.arming.is_armed
        stage.journal.failing.clear()
        await pilot.press("W")
        await shows(pilot, "WRITE")
        await pilot.press("W")
        await shows(pilot, "read-only again")
        await until(pilot, lambda: stage.journal.kinds() == [EventKind.ARMED, EventKind.DISARMED], "both events")
        await pilot.press("question_mark", "pagedown", "pagedown")
        await shows(pilot, "allow changes for a while")
