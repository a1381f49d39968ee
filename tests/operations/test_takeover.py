"""Locks nobody renews any more: whose name was typed, whose remains are ours, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backends.errors import Refused
from backends.model.journal import EventKind
from backends.model.lock import LockHolder, LockSurvey, Takeover
from backends.model.preconditions.locks import stamp_free
from backends.model.proposal import Consent, Level, Result, Step
from backends.operations.gate import Gate
from backends.operations.runs import Runs
from backends.operations.takeover import Takeovers
from backends.operations.work import Verified
from tests.operations.gate_stage import FakeWork, Stage
from tests.support.fake_journal import FakeJournal

BOB = LockHolder("orlando", "bob@helper/12345678", "drain n1", since=5.0, lost_in_s=0)
REMAINS = LockHolder("orlando", "ada@bastion/0a0a0a0a", "restart web", lost_in_s=0)


class _Locks:
    """The team's locks as a test sets them."""

    def __init__(self, holder: LockHolder | None) -> None:
        self.holder = holder
        self.taken: list[str] = []
        self.refusing: Exception | None = None

    async def survey(self) -> LockSurvey:
        return LockSurvey({"orlando": self.holder})

    async def take_over(self, stamp: str, typed_holder: str) -> Takeover:
        if self.refusing is not None:
            raise self.refusing
        assert self.holder is not None and typed_holder == self.holder.name
        self.taken.append(typed_holder)
        found, self.holder = self.holder, None
        return Takeover(found, ("orlando",), {"seattle": "refused"})


async def _clear(
    holder: LockHolder | None, *typed: str, journal: FakeJournal | None = None
) -> tuple[_Locks, FakeJournal]:
    locks, journal = _Locks(holder), journal or FakeJournal()
    await Takeovers(locks, journal).clear("orlando", typed, "new-operation")
    return locks, journal


async def test_a_lost_holder_is_taken_over_by_its_name_and_this_is_recorded() -> None:
    locks, journal = await _clear(BOB, "orlando", BOB.name)
    assert locks.taken == [BOB.name]
    (event,) = journal.written
    assert (event.kind, event.stamp, event.operation) == (EventKind.TAKEN_OVER, "orlando", "new-operation")
    assert event.data == {
        "holder": BOB.name,
        "what": "drain n1",
        "since": 5.0,
        "cleared_on": ["orlando"],
        "lock_not_asked": {"seattle": "refused"},
        "typed": True,
    }


@pytest.mark.parametrize(
    "holder",
    [
        None,
        BOB,
        replace(BOB, lost_in_s=10.0),
        replace(REMAINS, lost_in_s=10.0),
        replace(REMAINS, is_ours=True),
        replace(REMAINS, name="ada@elsewhere/0a0a0a0a"),
        replace(REMAINS, name="ada@bastion/new-oper"),
    ],
)
async def test_nobody_else_is_taken_over(holder: LockHolder | None) -> None:
    locks, journal = await _clear(holder, "orlando")
    assert locks.taken == [] and journal.written == []


async def test_our_own_remains_are_cleared_without_a_word() -> None:
    locks, journal = await _clear(REMAINS)
    assert locks.taken == [REMAINS.name] and journal.written[0].data["typed"] is False


async def test_what_of_ours_may_be_half_done_keeps_its_lock() -> None:
    journal = FakeJournal()
    await journal.record("0a0a0a0a1234", EventKind.INTENT, "orlando")
    locks, _ = await _clear(REMAINS, journal=journal)
    assert locks.taken == []
    locks, _ = await _clear(REMAINS, REMAINS.name, journal=journal)
    assert locks.taken == [REMAINS.name]


async def test_a_holder_that_proves_alive_refuses_the_change() -> None:
    stage = Stage()
    locks = _Locks(BOB)
    locks.refusing = Refused("the team lock", step=Step.LOCK, why="bob is alive", todo="ask bob")
    clusters = {"orlando": stage.cluster}
    takeovers = Takeovers(locks, stage.journal)
    stage.gate = Gate(clusters, stage.preconditions, stage.lock, stage.journal, stage.arming, stage.clock, takeovers)
    stage.runs = Runs(stage.gate, stage.journal, stage.clock)
    work = FakeWork()
    outcome = await stage.do(work, Consent(True, (BOB.name,)))
    assert (outcome.result, outcome.step, outcome.why, work.acted) == (Result.REFUSED, Step.LOCK, "bob is alive", 0)
    locks.refusing = None
    assert (await stage.do(work, Consent(True, (BOB.name,)))).is_well
    kinds = stage.journal.kinds()
    assert kinds.index(EventKind.TAKEN_OVER) < kinds.index(EventKind.INTENT)


async def test_an_operation_that_goes_on_is_not_kept_out_by_its_own_lock() -> None:
    stage = Stage()
    await stage.journal.record("123456789abc", EventKind.INTENT, "orlando", {"confirmed": True})
    stage.preconditions.found = (stamp_free(LockSurvey({"orlando": BOB}), "orlando"),)
    work = FakeWork(verified=Verified(False, "as it was"))
    await stage.runs.take_up(work, "123456789abc").finished()
    assert work.acted == 1
    await stage.journal.record("999956789abc", EventKind.INTENT, "orlando", {"confirmed": True})
    outcome = await stage.runs.take_up(work, "999956789abc").finished()
    assert (outcome.result, work.acted) == (Result.REFUSED, 1)


async def test_the_rule_names_what_to_type_and_gives_way_to_it() -> None:
    found = stamp_free(LockSurvey({"orlando": BOB}), "orlando")
    assert (found.level, found.overridable, found.typed) == (Level.REFUSE, False, BOB.name)
    stage = Stage()
    stage.preconditions.found = (found,)
    outcome = await stage.do(FakeWork())
    assert (outcome.step, outcome.todo) == (Step.PRECONDITIONS, f"type {BOB.name}")
    assert (await stage.do(FakeWork(), Consent(True, (BOB.name,)))).is_well
    assert stamp_free(LockSurvey({"orlando": replace(BOB, lost_in_s=5.0)}), "orlando").typed == ""
    assert stamp_free(LockSurvey({"orlando": REMAINS}), "orlando", is_remains=True).level is Level.WARN
