"""A drain in trouble: the API goes and comes back, the console ends and another one goes on."""

from __future__ import annotations

import asyncio

import pytest

from backends.errors import Forbidden, Malformed, ServerFailed, Throttled, Unauthorized, Unreachable
from backends.model.fields import text
from backends.model.journal import EventKind
from backends.model.proposal import Result
from backends.model.run import ItemState, RunState
from backends.operations.gate import Gate
from backends.operations.gate_records import change_of
from backends.operations.runs import Runs
from backends.operations.works import rebuild
from tests.operations.gate_stage import YES
from tests.operations.node_stage import NodeStage, blocked, item_of, lines_of
from tests.support.node_objects import a_pod, an_owner

OUTAGES = [
    Unreachable("cannot list pods", why="connection refused", stamp="orlando"),
    Unauthorized("cannot list pods", why="the token expired", stamp="orlando"),
    ServerFailed("cannot list pods", why="500 etcdserver: leader changed", stamp="orlando"),
    Malformed("cannot list pods", why="HTML from a proxy", stamp="orlando"),
    Forbidden("cannot list pods", why="the role was taken away", stamp="orlando"),
    Throttled("cannot list pods", why="too many requests", retry_after_s=7.0, stamp="orlando"),
]


@pytest.fixture
def stage() -> NodeStage:
    found = NodeStage()
    gadgets = [an_owner("Gadget", f"x{n}") for n in range(3)]
    found.cluster.pods(*(a_pod(f"x{n}-1", owner=owner) for n, owner in enumerate(gadgets)))
    return found


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda error: type(error).__name__)
async def test_an_api_that_comes_back_is_waited_for(stage: NodeStage, outage: Exception) -> None:
    run = await stage.start_drain(at_once=1)
    await stage.clock.until(lambda: stage.cluster.evictions)
    stage.cluster.failing |= {"list_objects": outage, "evict": outage}
    await stage.clock.advance(300)
    assert run.status.value.state is RunState.RUNNING and len(stage.cluster.evictions) == 1
    assert sum(each.startswith("waits: ") for each in lines_of(run)) == 1
    stage.cluster.failing.clear()
    outcome = await stage.ended(run)
    assert outcome.is_well and outcome.what == "node-a is drained: 3 of 3 pods are gone"
    assert any(each.startswith("the API answers again after ") for each in lines_of(run))
    assert sorted(uid for uid, _ in stage.cluster.evictions) == [f"uid-default-x{n}-1" for n in range(3)]


async def test_an_api_that_stays_away_ends_it_with_what_is_left(stage: NodeStage) -> None:
    run = await stage.start_drain(at_once=1, timeout_s=120.0)
    await stage.clock.until(lambda: item_of(run, "default/x0-1")[0] is ItemState.DONE)
    stage.cluster.failing["list_objects"] = OUTAGES[0]
    outcome = await stage.ended(run)
    assert outcome.result is Result.FAILED
    assert outcome.what.startswith(
        "node-a is only partly drained: 1 of 3 pods are gone; still ending: default/x1-1; not evicted: default/x2-1, "
        "as last seen "
    )
    assert outcome.why.startswith("not done within 2m; the API does not answer: orlando: cannot list pods: connection")
    assert "stampdeck do uncordon node-a" in outcome.todo
    assert 120 <= stage.clock.monotonic() <= 160


async def test_an_outage_can_be_stopped(stage: NodeStage) -> None:
    run = await stage.start_drain(timeout_s=0.0)
    await stage.clock.until(lambda: stage.cluster.evictions)
    stage.cluster.failing["list_objects"] = OUTAGES[0]
    await stage.clock.advance(120)
    run.cancel()
    outcome = await stage.ended(run, limit_s=5)
    assert outcome.result is Result.CANCELLED and "still ending: default/x0-1" in outcome.what


async def test_an_api_that_is_gone_before_the_cordon_is_waited_for(stage: NodeStage) -> None:
    work = await stage.drain()
    proposal = await stage.gate.propose(work)
    stage.cluster.failing["patch"] = OUTAGES[0]
    run = stage.runs.start(work, proposal, YES)
    await stage.clock.until(lambda: any(each.startswith("waits: ") for each in lines_of(run)))
    stage.cluster.failing.clear()
    assert (await stage.ended(run)).is_well


async def test_evictions_that_fail_alone_are_tried_again(stage: NodeStage) -> None:
    stage.cluster.refusals["x1-1"] = [ServerFailed("cannot evict", why="500", stamp="orlando")] * 3
    run = await stage.start_drain()
    await stage.clock.until(lambda: "no clear answer (500)" in item_of(run, "default/x1-1")[1])
    await stage.clock.until(lambda: item_of(run, "default/x2-1")[0] is ItemState.DONE)
    assert (await stage.ended(run)).is_well
    assert stage.cluster.asked.count("x1-1") == 4


# Another console goes on


async def _killed(stage: NodeStage, evicted: int) -> str:
    """Start a drain and end its console as a kill does, once so many pods are evicted; return the operation."""
    run = await stage.start_drain(at_once=1)
    await stage.clock.until(lambda: len(stage.cluster.evictions) >= evicted)
    assert run.task is not None
    run.task.cancel()
    await asyncio.gather(run.task, return_exceptions=True)
    (left,) = await stage.journal.open_operations()
    assert left.operation == run.operation
    return run.operation


@pytest.mark.parametrize("evicted", [1, 2, 3])
async def test_another_console_goes_on_and_evicts_nothing_twice(stage: NodeStage, evicted: int) -> None:
    operation = await _killed(stage, evicted)
    await stage.clock.advance(20)  # what was being deleted is gone meanwhile
    (left,) = await stage.journal.open_operations()
    change = change_of("orlando", left.intent.data)
    work = rebuild(change, {"orlando": stage.cluster}, stage.clock)
    assert work is not None
    gate = Gate({"orlando": stage.cluster}, stage.preconditions, stage.lock, stage.journal, stage.arming, stage.clock)
    run = Runs(gate, stage.journal, stage.clock).take_up(work, operation)
    outcome = await stage.ended(run)
    assert outcome.is_well, outcome
    uids = [uid for uid, _ in stage.cluster.evictions]
    assert sorted(uids) == [f"uid-default-x{n}-1" for n in range(3)]
    patches = [each for each in stage.cluster.writes if each[0] == "patch"]
    assert len(patches) == 1
    kinds = [each for each in stage.journal.kinds(operation) if each is not EventKind.STEP]
    assert kinds == [EventKind.INTENT, EventKind.RESUMED, EventKind.OUTCOME]
    if evicted < 3:
        gone = [f"default/x{n}-1" for n in range(evicted)]
        assert all(item_of(run, key) == (ItemState.DONE, "was gone already") for key in gone)


async def test_the_one_that_goes_on_knows_who_cordoned(stage: NodeStage) -> None:
    stage.cluster.refusals["x2-1"] = [blocked()] * 1_000
    operation = await _killed(stage, 2)
    (left,) = await stage.journal.open_operations()
    work = rebuild(change_of("orlando", left.intent.data), {"orlando": stage.cluster}, stage.clock)
    assert work is not None
    run = stage.runs.take_up(work, operation)
    await stage.clock.until(lambda: item_of(run, "default/x2-1")[0] is ItemState.BLOCKED)
    assert text(stage.cluster.node, "spec", "unschedulable") == "True"
    run.cancel()
    # It is cordoned now, but was not before the drain: there is nothing "as it was before" about it.
    assert (await stage.ended(run)).todo.startswith("the node stays cordoned: drain it again to go on")
