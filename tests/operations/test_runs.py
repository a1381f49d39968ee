"""Runs: what an operator tells them is obeyed at the next safe point and written down, and each ends in an outcome."""

from __future__ import annotations

import asyncio

import pytest

from backends.model.change import Impact
from backends.model.fleet import Severity
from backends.model.journal import EventKind
from backends.model.proposal import Result, Step
from backends.model.run import ItemState, RunState
from backends.operations.runs import KEPT, Run
from backends.operations.work import Verified
from tests.operations.gate_stage import YES, FakeWork, Stage, a_change


def _lines(run: Run) -> list[str]:
    return [each.text for each in run.lines.read().items]


async def test_a_run_tells_where_it_stands() -> None:
    stage, work = Stage(), FakeWork(steps=2)
    work.go_on.clear()
    run = await stage.start(work)
    assert run.status.value.state is RunState.PLANNED
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    assert stage.runs.active == (run,)
    run.item("pod-1", ItemState.WAITING)
    run.item("pod-2", ItemState.WORKING, "evicting")
    await stage.clock.advance(5)
    run.item("pod-1", ItemState.WAITING, "still")
    run.item("pod-2", ItemState.DONE)
    first, second = run.status.value.items
    assert (first.key, first.text, second.state) == ("pod-1", "still", ItemState.DONE)
    assert second.since - first.since == 5
    work.go_on.set()
    assert (await run.finished()).is_well
    status = run.status.value
    assert (status.state, status.ended_at, status.operation) == (RunState.SUCCEEDED, stage.clock.now(), run.operation)
    assert _lines(run)[-1] == "restarted: as intended"
    assert not stage.runs.active and stage.runs.all.value == (run,)


async def test_a_pause_holds_it_at_a_safe_point() -> None:
    stage, work = Stage(), FakeWork(steps=3)
    work.go_on.clear()
    run = await stage.start(work)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    run.pause()
    assert run.status.value.state is RunState.RUNNING
    work.go_on.set()
    await stage.clock.until(lambda: run.status.value.state is RunState.PAUSED)
    assert work.acted == 1
    await stage.clock.advance(3600)
    assert work.acted == 1
    run.resume()
    assert (await run.finished()).is_well
    kinds = stage.journal.kinds(run.operation)
    assert [each for each in kinds if each is not EventKind.STEP] == [
        EventKind.INTENT,
        EventKind.PAUSED,
        EventKind.RESUMED,
        EventKind.OUTCOME,
    ]


@pytest.mark.parametrize("paused", [False, True])
async def test_cancelling_ends_it_at_a_safe_point(paused: bool) -> None:
    stage, work = Stage(), FakeWork(steps=3)
    work.go_on.clear()
    run = await stage.start(work)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    if paused:
        run.pause()
        work.go_on.set()
        await stage.clock.until(lambda: run.status.value.state is RunState.PAUSED)
    run.cancel()
    run.cancel()
    run.pause()
    states = [run.status.value.state]
    work.go_on.set()
    outcome = await run.finished()
    assert (outcome.result, outcome.why, work.acted) == (Result.CANCELLED, "cancelled by the operator", 1)
    run.cancel()
    states.append(run.status.value.state)
    assert states == [RunState.STOPPING, RunState.CANCELLED]
    assert stage.journal.kinds(run.operation)[-2:] == [EventKind.CANCEL, EventKind.OUTCOME]


async def test_cancelled_before_the_act_nothing_is_done() -> None:
    stage, work = Stage(), FakeWork()
    run = await stage.start(work)
    run.cancel()
    outcome = await run.finished()
    assert (outcome.result, work.acted) == (Result.CANCELLED, 0)


@pytest.mark.parametrize("kind", [EventKind.PAUSED, EventKind.CANCEL])
async def test_a_journal_that_fails_does_not_keep_it_from_obeying(kind: EventKind) -> None:
    stage, work = Stage(), FakeWork(steps=2)
    stage.journal.failing = {kind}
    work.go_on.clear()
    run = await stage.start(work)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    run.pause() if kind is EventKind.PAUSED else run.cancel()
    work.go_on.set()
    if kind is EventKind.PAUSED:
        await stage.clock.until(lambda: run.status.value.state is RunState.PAUSED)
        run.resume()
        assert (await run.finished()).is_well
    else:
        assert (await run.finished()).result is Result.CANCELLED
    assert any(each.startswith("could not be written down: ") for each in _lines(run))


async def test_a_lost_lock_stops_it_as_a_failure() -> None:
    stage, work = Stage(), FakeWork(steps=2)
    work.go_on.clear()
    run = await stage.start(work)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    stage.lock.held["orlando"].lost = "bob@helper took it over"
    work.go_on.set()
    outcome = await run.finished()
    assert (outcome.result, outcome.why, work.acted) == (
        Result.FAILED,
        "the team lock was lost: bob@helper took it over",
        1,
    )
    assert outcome.todo and run.status.value.state is RunState.FAILED


async def test_a_fault_of_ours_ends_the_run_as_a_failure() -> None:
    stage, work = Stage(), FakeWork()
    proposal = await stage.gate.propose(work)
    await stage.clock.advance(60)
    work.failing["preview"] = KeyError("spec")
    run = stage.runs.start(work, proposal, YES)
    outcome = await run.finished()
    assert (outcome.result, outcome.step, outcome.why) == (Result.FAILED, Step.ARMED, "KeyError: 'spec'")
    assert run.status.value.state is RunState.FAILED


async def test_who_waits_and_leaves_does_not_end_it() -> None:
    stage, work = Stage(), FakeWork()
    work.go_on.clear()
    run = await stage.start(work)
    waiter = asyncio.create_task(run.finished())
    await stage.clock.settle()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    work.go_on.set()
    assert (await run.finished()).is_well


async def test_harmless_changes_share_a_lock_two_disruptions_do_not() -> None:
    stage = Stage()
    first, second = FakeWork(), FakeWork(change=a_change(name="api"))
    harmless = FakeWork(change=a_change(Impact.NONE, name="label"))
    for each in (first, harmless):
        each.go_on.clear()
    one = await stage.start(first)
    await stage.clock.until(lambda: one.status.value.step is Step.ACT)
    two = await stage.start(harmless)
    await stage.clock.until(lambda: two.status.value.step is Step.ACT)
    assert stage.lock.taken == ["orlando"]
    refused = await stage.do(second)
    assert (refused.result, refused.step) == (Result.REFUSED, Step.LOCK)
    assert refused.why == "this console is still at work there: restart deployment/web on orlando"
    first.go_on.set()
    await one.finished()
    assert list(stage.lock.held) == ["orlando"]
    assert (await stage.do(second)).is_well
    harmless.go_on.set()
    await two.finished()
    assert stage.lock.held == {} and stage.lock.taken == ["orlando"]
    assert (await stage.do(FakeWork())).is_well
    assert stage.lock.taken == ["orlando", "orlando"]


async def test_nothing_begins_under_a_lock_that_was_lost() -> None:
    stage, holding = Stage(), FakeWork(change=a_change(Impact.NONE))
    holding.go_on.clear()
    run = await stage.start(holding)
    await stage.clock.until(lambda: run.status.value.step is Step.ACT)
    stage.lock.held["orlando"].lost = "it could not be renewed"
    refused = await stage.do(FakeWork())
    assert (refused.result, refused.step) == (Result.REFUSED, Step.LOCK)
    assert refused.why == "the team lock there was lost: it could not be renewed"
    holding.go_on.set()
    await run.finished()
    assert (await stage.do(FakeWork())).is_well


async def test_ended_runs_are_forgotten_after_many() -> None:
    stage = Stage()
    holding = FakeWork(change=a_change(Impact.NONE, name="held"))
    holding.go_on.clear()
    held = await stage.start(holding)
    for _ in range(KEPT + 5):
        await stage.do(FakeWork(change=a_change(Impact.NONE)))
    assert len(stage.runs.all.value) == KEPT + 2
    assert held in stage.runs.all.value
    await stage.runs.close()


async def test_what_is_verified_otherwise_is_a_failed_run() -> None:
    stage = Stage()
    run = await stage.start(FakeWork(verified=Verified(False, "2 are there")))
    await run.finished()
    assert run.status.value.state is RunState.FAILED
    assert run.lines.read().items[-1].severity is Severity.BAD
