"""An operation that was left open is taken up from the history: after a look, and a yes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from backends.model.change import Target
from backends.model.journal import EventKind
from backends.model.proposal import Finding, Level
from backends.operations.gate_records import change_data
from backends.operations.reconciliation import Reconciliation
from backends.operations.work import Verified
from screens.gate.dialog import GateDialog
from tests.operations.gate_stage import FakeWork, a_change
from tests.screens.stage import ready, shows, until
from tests.screens.writing_stage import WritingStage

DRAIN = replace(a_change(), action="drain", target=Target("node", "node-1", None), summary="drain node-1")
REFUSAL = Finding("others-serve", Level.REFUSE, "seattle does not answer", "seattle")
GIVEN = {"confirmed": True, "overrides": ["others-serve"], "reason": "ticket 4711"}


@dataclass
class HalfDone(FakeWork):
    """A drain with pods left until it acts."""

    async def verify(self) -> Verified:
        return Verified(bool(self.acted), "no pods left" if self.acted else "2 pods left")


def stage(work: FakeWork, *, lives: bool = False) -> WritingStage:
    made = WritingStage("orlando", "seattle")
    services: Any = made.services
    services.journal = made.journal
    services.reconciliation = Reconciliation(made.journal, lambda change: work, lambda author: lives)
    services.rebuilt = lambda change: work
    made.preconditions.found = (REFUSAL,)
    return made


async def open_history(on: WritingStage, pilot: Any) -> None:
    await ready(pilot)
    await on.journal.record("a1", EventKind.INTENT, "orlando", {**change_data(DRAIN), **GIVEN})
    await on.journal.record("a1", EventKind.STEP, "orlando", {"text": "evicted web-1"})
    await pilot.press("U")
    await shows(pilot, "drain node-1", "open")


async def test_what_was_set_aside_holds_and_yes_is_said_anew() -> None:
    work = HalfDone(change=DRAIN)
    on = stage(work)
    async with on.run((120, 30)) as pilot:
        await open_history(on, pilot)
        on.gate.arming.arm()
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the dialog")
        await shows(pilot, "set aside: others-serve — ticket 4711")
        assert not work.acted
        await pilot.press("right", "enter")
        await until(pilot, lambda: work.acted, "the act")
        await until(pilot, lambda: EventKind.OUTCOME in on.journal.kinds("a1"), "the end")
    assert EventKind.RESUMED in on.journal.kinds("a1")
    assert dict(on.journal.written[-1].data)["result"] == "done"


@pytest.mark.parametrize("armed", [True, False])
async def test_no_leaves_it_open(armed: bool) -> None:
    work = HalfDone(change=DRAIN)
    on = stage(work)
    async with on.run((120, 30)) as pilot:
        await open_history(on, pilot)
        if armed:
            on.gate.arming.arm()
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the dialog")
        await shows(pilot, "set aside: others-serve" if armed else "read-only: W arms writing")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, GateDialog), "the end of the dialog")
    assert not work.acted
    assert [each.operation for each in await on.journal.open_operations()] == ["a1"]


async def test_what_is_at_work_is_left_alone() -> None:
    on = stage(HalfDone(change=DRAIN), lives=True)
    async with on.run((120, 30)) as pilot:
        await open_history(on, pilot)
        await pilot.press("t")
        await shows(pilot, "at work")
        assert not isinstance(pilot.app.screen, GateDialog)


async def test_what_is_done_meanwhile_is_said() -> None:
    work = HalfDone(change=DRAIN, acted=1)
    on = stage(work)
    async with on.run((120, 30)) as pilot:
        await open_history(on, pilot)
        await pilot.press("t")
        await shows(pilot, "no pods left")
        assert (await on.journal.open_operations(), work.acted) == ([], 1)
