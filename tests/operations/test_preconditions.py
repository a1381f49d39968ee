"""The preconditions as the gate asks them: by impact, on fresh answers, and never for longer than they may take."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from backends.errors import SourceError
from backends.model.change import Change, Impact
from backends.model.fleet import FleetSnapshot, StampSnapshot, Verdict, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.lock import LockHolder, LockSurvey
from backends.model.proposal import Finding, Level
from backends.model.room import NodeOffer, Room
from backends.operations.preconditions import SETTLE_S, FleetPreconditions
from backends.streams import Cell
from tests.model.test_precondition_others import ALL_LIVE, DOWN, LIVE, WELL
from tests.operations.gate_stage import a_change
from tests.support.clock import ManualClock

CONNECTING = SourceState(Health.RETRYING, "connecting")
BOB = LockHolder("seattle", "bob@helper/1234", "drain n1", lost_in_s=20)
ORLANDO = StampSnapshot("orlando", api=LIVE, sources=ALL_LIVE)


class _Fleet:
    def __init__(self, *stamps: StampSnapshot) -> None:
        self.state = Cell(self.of(*stamps))

    @staticmethod
    def of(*stamps: StampSnapshot) -> FleetSnapshot:
        return FleetSnapshot(0.0, (ORLANDO, *stamps), Verdict(VerdictLevel.UP, "up"))


class _Locks:
    def __init__(self) -> None:
        self.found = LockSurvey({"orlando": None, "seattle": None})

    async def survey(self) -> LockSurvey:
        return self.found


class _Rooms:
    def __init__(self) -> None:
        self.asked = 0
        self.failing: Exception | None = None
        self.hangs = False

    async def room(self) -> Room:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.failing is not None:
            raise self.failing
        return Room((NodeOffer("n1", 4000, 2**33),), ())


class _Stage:
    def __init__(self, *others: StampSnapshot, configured: tuple[str, ...] = ("orlando", "seattle")) -> None:
        self.clock = ManualClock()
        self.fleet = _Fleet(*others)
        self.locks = _Locks()
        self.rooms = {"orlando": _Rooms(), "seattle": _Rooms()}
        self.working: list[Change] = []
        self.rules = FleetPreconditions(
            self.fleet, self.locks, self.rooms, configured, self.clock, lambda: self.working
        )

    async def ask(self, impact: Impact) -> dict[str, Finding]:
        return {each.rule: each for each in await self.rules.examine(a_change(impact))}


async def test_a_disruption_is_asked_everything() -> None:
    found = await _Stage(WELL).ask(Impact.DISRUPTIVE)
    assert list(found) == ["stamp-free", "others-serve", "others-healthy", "one-stamp-at-a-time", "headroom"]
    assert {each.level for each in found.values()} == {Level.PASS}


ILL = msgspec.structs.replace(WELL, nodes_ready=5)


@pytest.mark.parametrize(("impact", "level"), [(Impact.DISRUPTIVE, Level.REFUSE), (Impact.CAREFUL, Level.WARN)])
async def test_the_impact_decides(impact: Impact, level: Level) -> None:
    stage = _Stage(ILL)
    stage.locks.found = LockSurvey({"orlando": None, "seattle": BOB})
    found = await stage.ask(impact)
    assert found["others-healthy"].level is found["one-stamp-at-a-time"].level is level
    assert ("headroom" in found) is (impact is Impact.DISRUPTIVE)


async def test_what_has_no_impact_passes_quietly() -> None:
    stage = _Stage(ILL)
    assert await stage.ask(Impact.NONE) == {}
    assert stage.rooms["seattle"].asked == 0


@pytest.mark.parametrize("impact", list(Impact))
async def test_a_stamp_that_another_holds_is_always_refused(impact: Impact) -> None:
    stage = _Stage(WELL)
    stage.locks.found = LockSurvey({"orlando": BOB, "seattle": None})
    found = (await stage.ask(impact))["stamp-free"]
    assert (found.level, found.overridable) == (Level.REFUSE, False)


async def test_what_takes_no_lock_is_only_warned_of_who_holds_it() -> None:
    stage = _Stage(WELL)
    stage.locks.found = LockSurvey({"orlando": BOB, "seattle": None})
    shell = replace(a_change(Impact.CAREFUL), takes_lock=False)
    found = {each.rule: each for each in await stage.rules.examine(shell)}["stamp-free"]
    assert found.level is Level.WARN and "bob@helper" in found.evidence


async def test_an_only_stamp_is_warned_of_and_not_measured() -> None:
    stage = _Stage(configured=("orlando",))
    found = await stage.ask(Impact.DISRUPTIVE)
    assert found["only-stamp"].level is Level.WARN
    assert "headroom" not in found and "others-serve" not in found


async def test_a_stamp_that_is_not_watched_refuses() -> None:
    found = await _Stage().ask(Impact.DISRUPTIVE)
    assert found["others-healthy"].level is found["others-serve"].level is Level.REFUSE
    assert "open it without --stamp" in found["others-healthy"].evidence


async def test_first_answers_are_waited_for() -> None:
    stage = _Stage(msgspec.structs.replace(WELL, sources={**ALL_LIVE, "nodes": CONNECTING}))
    asking = asyncio.create_task(stage.ask(Impact.DISRUPTIVE))
    await stage.clock.advance(1)
    # Live, but not counted yet: numbers are folded a moment later.
    stage.fleet.state.set(_Fleet.of(msgspec.structs.replace(WELL, nodes_total=None)))
    await stage.clock.advance(1)
    assert not asking.done()
    stage.fleet.state.set(_Fleet.of(WELL))
    assert (await asking)["others-healthy"].level is Level.PASS
    assert stage.clock.monotonic() == 2


async def test_first_answers_that_do_not_come_are_no_health() -> None:
    stage = _Stage(msgspec.structs.replace(WELL, sources={**ALL_LIVE, "nodes": CONNECTING}))
    asking = asyncio.create_task(stage.ask(Impact.DISRUPTIVE))
    await stage.clock.advance(SETTLE_S)
    assert (await asking)["others-healthy"].level is Level.REFUSE


async def test_a_dead_stamp_is_not_waited_for() -> None:
    stage = _Stage(msgspec.structs.replace(WELL, sources=dict.fromkeys(ALL_LIVE, DOWN)))
    found = await stage.ask(Impact.DISRUPTIVE)
    assert found["others-healthy"].evidence == "seattle: its API is DOWN (connection refused)"
    assert stage.clock.monotonic() == 0


@pytest.mark.parametrize("hangs", [False, True])
async def test_room_that_cannot_be_read_refuses(hangs: bool) -> None:
    stage = _Stage(WELL)
    stage.rooms["seattle"].hangs = hangs
    stage.rooms["seattle"].failing = SourceError("cannot read what pods request", why="connection refused")
    asking = asyncio.create_task(stage.ask(Impact.DISRUPTIVE))
    await stage.clock.advance(20)
    found = (await asking)["headroom"]
    assert found.evidence.endswith("no answer within 15 s" if hangs else "connection refused")


async def test_under_the_lock_only_locks_are_asked() -> None:
    stage = _Stage(ILL)
    stage.working = [a_change(stamp="seattle")]
    (found,) = await stage.rules.examine_locked(a_change())
    assert (found.rule, found.level) == ("one-stamp-at-a-time", Level.PASS)
    stage.locks.found = LockSurvey({"orlando": None, "seattle": BOB})
    (found,) = await stage.rules.examine_locked(a_change())
    assert found.level is Level.REFUSE


async def test_changes_of_this_console_elsewhere_count() -> None:
    stage = _Stage(WELL)
    stage.working = [a_change(stamp="seattle")]
    found = (await stage.ask(Impact.DISRUPTIVE))["one-stamp-at-a-time"]
    assert found.evidence == "this console is about to restart deployment/web on seattle"
