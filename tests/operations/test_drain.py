"""A drain at work: evictions in order, budgets waited for, pauses, stops, and ends that say what is left."""

from __future__ import annotations

from itertools import pairwise

import pytest

from backends.errors import Conflict, Forbidden, Invalid, Throttled
from backends.model.journal import EventKind
from backends.model.proposal import Result
from backends.model.run import ItemState, RunState
from tests.operations.gate_stage import YES
from tests.operations.node_stage import DAEMONS, WEB, NodeStage, blocked, item_of, lines_of
from tests.support.fake_journal import FULL
from tests.support.node_objects import a_budget, a_node, a_pod, an_owner


@pytest.fixture
def stage() -> NodeStage:
    found = NodeStage()
    found.cluster.pods(a_pod("web-1", owner=WEB), a_pod("web-2", "node-b", owner=WEB), a_pod("proxy-1", owner=DAEMONS))
    return found


def _others(count: int) -> list[dict[str, object]]:
    return [a_pod(f"x{n}-1", owner=an_owner("Gadget", f"x{n}")) for n in range(count)]


async def test_a_node_is_emptied_and_cordoned(stage: NodeStage) -> None:
    run = await stage.start_drain()
    outcome = await stage.ended(run)
    assert outcome.result is Result.DONE, outcome
    assert outcome.what == "node-a is drained: 1 of 1 pod is gone"
    assert outcome.why == "it is cordoned, and 1 pods that belong to the node stay"
    assert stage.cluster.node["spec"]["unschedulable"] is True
    assert stage.cluster.left == ["proxy-1", "web-2"]
    assert [uid for uid, _ in stage.cluster.evictions] == ["uid-default-web-1"]
    assert item_of(run, "default/web-1") == (ItemState.DONE, "gone")
    assert item_of(run, "default/proxy-1") == (ItemState.SKIPPED, "DaemonSet kube-proxy keeps it here")


async def test_a_look_asks_for_the_pods_and_nothing_else(stage: NodeStage) -> None:
    stage.cluster.refusals["web-1"] = [blocked()] * 1_000
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    stage.cluster.calls.clear()
    await stage.clock.advance(60)
    asked = {call[:2] for call in stage.cluster.calls}
    assert asked == {("list_objects", "pods"), ("evict", "web-1")}
    assert len(stage.cluster.calls) <= 60 + 12
    run.cancel()
    await stage.ended(run)


async def test_its_steps_are_written_before_they_are_done(stage: NodeStage) -> None:
    run = await stage.start_drain()
    await stage.ended(run)
    steps = [each.data for each in stage.journal.written if each.kind is EventKind.STEP]
    assert steps == [
        {"cordoning": "node-a"},
        {"evicting": [["default/web-1", "uid-default-web-1"]]},
        {"gone": ["uid-default-web-1"]},
    ]


async def test_an_empty_node_is_done_at_once(stage: NodeStage) -> None:
    del stage.cluster.objects["pods", "default", "web-1"]
    outcome = await stage.ended(await stage.start_drain())
    assert outcome.what == "node-a is drained: there was no pod to evict"
    assert stage.cluster.calls.count(("list_objects", "pods", None, "", "spec.nodeName=node-a")) <= 3


async def test_no_more_than_so_many_leave_at_once(stage: NodeStage) -> None:
    stage.cluster.pods(*_others(5))
    run = await stage.start_drain(at_once=2)
    most = 0

    def look() -> bool:
        nonlocal most
        most = max(most, sum(each.state is ItemState.WORKING for each in run.status.value.items))
        return run.status.value.state.is_over

    await stage.clock.until(look)
    assert most == 2 and len(stage.cluster.evictions) == 6
    assert (await run.finished()).is_well


async def test_pods_of_one_workload_leave_one_after_another(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-3", owner=WEB), a_pod("web-4", owner=WEB))
    run = await stage.start_drain()
    assert (await stage.ended(run)).is_well
    times = [at for _, at in stage.cluster.evictions]
    assert all(later - earlier >= stage.cluster.ends_after_s for earlier, later in pairwise(times))


async def test_a_budget_is_waited_for_and_named(stage: NodeStage) -> None:
    stage.cluster.put("poddisruptionbudgets", a_budget("web", allowed=0, desired=2, expected=3))
    stage.cluster.refusals["web-1"] = [blocked(), blocked(), blocked()]
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    assert item_of(run, "default/web-1")[1] == "The disruption budget web needs 2 healthy pods and has 2 currently"
    await stage.clock.until(lambda: len(stage.cluster.asked) == 3)
    # It is blocked since the first refusal, also while it is tried again.
    (item,) = (each for each in run.status.value.items if each.key == "default/web-1")
    assert item.state is ItemState.BLOCKED and stage.clock.now() - item.since >= 9
    assert (await stage.ended(run)).is_well
    assert stage.cluster.asked == ["web-1"] * 4
    assert stage.cluster.evictions[0][1] >= 15  # 5 s between tries, as kubectl has it
    assert sum("is blocked" in each for each in lines_of(run)) == 1


async def test_a_blocked_pod_does_not_hold_up_the_others(stage: NodeStage) -> None:
    stage.cluster.pods(*_others(3))
    stage.cluster.refusals["web-1"] = [blocked()] * 8
    run = await stage.start_drain(at_once=1)
    await stage.clock.until(lambda: len(stage.cluster.evictions) == 3)
    assert item_of(run, "default/web-1")[0] is ItemState.BLOCKED
    assert (await stage.ended(run)).is_well


async def test_two_budgets_block_until_one_of_them_is_gone(stage: NodeStage) -> None:
    why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    stage.cluster.refusals["web-1"] = [Invalid("cannot evict", why=why, stamp="orlando")]
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    assert (await stage.ended(run)).is_well


async def test_a_server_that_asks_to_slow_down_is_obeyed(stage: NodeStage) -> None:
    stage.cluster.pods(*_others(2))
    stage.cluster.refusals["x0-1"] = [Throttled("cannot evict", why="too many requests", retry_after_s=40.0)]
    run = await stage.start_drain(at_once=1)
    await stage.clock.until(lambda: "slow down" in item_of(run, "default/x0-1")[1])
    before = len(stage.cluster.asked)
    await stage.clock.advance(35)
    assert len(stage.cluster.asked) == before
    assert (await stage.ended(run)).is_well


async def test_a_name_that_is_another_pods_by_now_is_left_alone(stage: NodeStage) -> None:
    stage.cluster.refusals["web-1"] = [Conflict("cannot evict", why="the UID in the precondition is another")]
    work = await stage.drain()
    run = stage.runs.start(work, await stage.gate.propose(work), YES)
    await stage.clock.until(lambda: stage.cluster.asked)
    # Its controller made it anew on another node under the same name.
    stage.cluster.pods(a_pod("web-1", "node-c", owner=WEB, uid="another"))
    assert (await stage.ended(run)).is_well
    assert stage.cluster.left == ["proxy-1", "web-1", "web-2"] and stage.cluster.evictions == []
    assert stage.cluster.asked == ["web-1"]


async def test_an_answer_that_was_lost_evicts_nothing_twice(stage: NodeStage) -> None:
    stage.cluster.lost_answers = 2  # that of the cordon, and that of the eviction
    run = await stage.start_drain()
    assert (await stage.ended(run)).is_well
    assert stage.cluster.asked == ["web-1"]
    assert stage.cluster.node["spec"]["unschedulable"] is True


async def test_a_pod_that_may_not_be_evicted_is_said_and_left(stage: NodeStage) -> None:
    stage.cluster.pods(*_others(1))
    stage.cluster.refusals["web-1"] = [Forbidden("cannot evict", why="not for you", stamp="orlando")]
    run = await stage.start_drain()
    outcome = await stage.ended(run)
    assert outcome.result is Result.FAILED
    assert outcome.what == (
        "node-a is only partly drained: 1 of 2 pods are gone; cannot be evicted: default/web-1 (not for you)"
    )
    assert item_of(run, "default/web-1") == (ItemState.FAILED, "not for you")
    assert "stampdeck do uncordon node-a --stamp orlando --write" in outcome.todo


async def test_a_namespace_that_is_being_deleted_is_waited_for(stage: NodeStage) -> None:
    why = 'pods "web-1" is forbidden: unable to create new content in namespace x because it is being terminated'
    stage.cluster.refusals["web-1"] = [Forbidden("cannot evict", why=why, stamp="orlando")]
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    assert (await stage.ended(run)).is_well


async def test_what_is_being_deleted_already_is_only_waited_for(stage: NodeStage) -> None:
    stage.cluster.end_soon("web-1")
    run = await stage.start_drain()
    await stage.clock.until(lambda: "being deleted already" in item_of(run, "default/web-1")[1])
    assert (await stage.ended(run)).is_well
    assert stage.cluster.asked == []


async def test_the_grace_period_is_the_one_asked_for(stage: NodeStage) -> None:
    await stage.ended(await stage.start_drain(grace_s=3))
    assert ("evict", "web-1", "default", "uid-default-web-1", 3) in stage.cluster.calls


# What comes, what does not go


async def test_a_pod_that_comes_meanwhile_leaves_too(stage: NodeStage) -> None:
    late = a_pod("late-1", owner=an_owner("Gadget", "late"))
    stage.cluster.vanished = lambda pod: stage.cluster.pods(late) if pod["metadata"]["name"] == "web-1" else None
    run = await stage.start_drain()
    assert (await stage.ended(run)).is_well
    assert "default/late-1 came to the node meanwhile: it leaves too" in lines_of(run)
    assert item_of(run, "default/late-1") == (ItemState.DONE, "gone")
    assert "late-1" not in stage.cluster.left


async def test_pods_that_keep_coming_are_given_up(stage: NodeStage) -> None:
    numbers = iter(range(100))
    agent = an_owner("Gadget", "agent")

    def again(pod: dict[str, object]) -> None:
        stage.cluster.pods(a_pod(f"agent-{next(numbers)}", owner=agent))

    stage.cluster.vanished = again
    outcome = await stage.ended(await stage.start_drain())
    assert outcome.result is Result.FAILED
    assert "Gadget agent keeps placing pods here: they tolerate the cordon" in outcome.what


async def test_data_that_comes_meanwhile_is_not_deleted_unasked(stage: NodeStage) -> None:
    late = a_pod("late-1", owner=an_owner("Gadget", "late"), volumes=[{"name": "tmp", "emptyDir": {}}])
    stage.cluster.vanished = lambda pod: stage.cluster.pods(late)
    outcome = await stage.ended(await stage.start_drain())
    assert outcome.result is Result.FAILED and "--delete-emptydir-data is not given" in outcome.what
    assert "late-1" in stage.cluster.left


async def test_what_holds_a_pod_is_named(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-1", owner=WEB, finalizers=["example.com/guard"]))
    stage.cluster.never_ends.add("web-1")
    run = await stage.start_drain(timeout_s=120.0)
    words = "its grace period is 30s: waits for the finalizers example.com/guard"
    await stage.clock.until(lambda: words in item_of(run, "default/web-1")[1])
    assert item_of(run, "default/web-1")[1].startswith("stuck: not gone after 46s, ")
    outcome = await stage.ended(run)
    assert outcome.result is Result.FAILED and outcome.why == "not done within 2m"
    assert outcome.what == "node-a is only partly drained: 0 of 1 pod is gone; still ending: default/web-1"


async def test_a_kubelet_that_is_gone_is_said(stage: NodeStage) -> None:
    stage.cluster.never_ends.add("web-1")
    run = await stage.start_drain(timeout_s=300.0)
    await stage.clock.until(lambda: stage.cluster.evictions)
    stage.cluster.put("nodes", a_node("node-a", cordoned=True, ready="Unknown", message="Kubelet stopped posting."))
    await stage.clock.until(lambda: "its kubelet does not answer (Kubelet" in item_of(run, "default/web-1")[1])
    assert sum("the kubelet of node-a does not end its pods" in each for each in lines_of(run)) == 1
    stage.cluster.never_ends.clear()
    assert (await stage.ended(run)).is_well


async def test_a_stuck_pod_takes_no_place_from_the_others(stage: NodeStage) -> None:
    stage.cluster.pods(*_others(3))
    stage.cluster.never_ends.add("x0-1")
    run = await stage.start_drain(at_once=1, timeout_s=600.0)
    await stage.clock.until(lambda: len(stage.cluster.evictions) == 4)
    assert (await stage.ended(run)).result is Result.FAILED


async def test_without_a_limit_it_waits_as_long_as_it_takes(stage: NodeStage) -> None:
    stage.cluster.refusals["web-1"] = [blocked()] * 5_000
    run = await stage.start_drain(timeout_s=0.0)
    await stage.clock.advance(3 * 3600)
    assert run.status.value.state is RunState.RUNNING
    stage.cluster.refusals.clear()
    assert (await stage.ended(run)).is_well


# What the operator says


async def test_a_pause_evicts_nothing_and_goes_on_watching(stage: NodeStage) -> None:
    stage.cluster.pods(a_pod("web-3", owner=WEB))
    run = await stage.start_drain(timeout_s=60.0)
    await stage.clock.until(lambda: stage.cluster.evictions)
    run.pause()
    await stage.clock.until(lambda: run.status.value.state is RunState.PAUSED)
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.DONE)
    await stage.clock.advance(600)  # longer than the drain may take: pauses do not count
    assert len(stage.cluster.evictions) == 1
    assert item_of(run, "default/web-3")[0] is ItemState.WAITING
    run.resume()
    assert (await stage.ended(run)).is_well
    assert stage.cluster.left == ["proxy-1", "web-2"]


@pytest.mark.parametrize("paused", [False, True])
async def test_a_stop_says_what_is_left_and_how_to_undo(stage: NodeStage, paused: bool) -> None:
    stage.cluster.pods(*_others(2))
    stage.cluster.refusals["web-1"] = [blocked()] * 100
    stage.cluster.never_ends.add("x1-1")
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/x0-1")[0] is ItemState.DONE)
    if paused:
        run.pause()
        await stage.clock.until(lambda: run.status.value.state is RunState.PAUSED)
    run.cancel()
    outcome = await stage.ended(run, limit_s=5)
    assert (outcome.result, run.status.value.state) == (Result.CANCELLED, RunState.CANCELLED)
    assert outcome.what == (
        "stopped draining node-a: 1 of 3 pods are gone; still ending: default/x1-1; not evicted: default/web-1 "
        "(The disruption budget web needs 2 healthy pods and has 2 currently)"
    )
    assert outcome.todo == (
        "the node stays cordoned: drain it again to go on, or give it back with "
        "`stampdeck do uncordon node-a --stamp orlando --write`"
    )
    assert stage.cluster.node["spec"]["unschedulable"] is True


async def test_a_node_that_was_cordoned_before_is_said_to_be(stage: NodeStage) -> None:
    stage.cluster.put("nodes", a_node("node-a", cordoned=True))
    stage.cluster.refusals["web-1"] = [blocked()] * 100
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    assert "node-a is cordoned already" in lines_of(run)
    run.cancel()
    assert (await stage.ended(run)).todo.startswith("the node stays cordoned as it was before: ")
    assert stage.cluster.writes == []


async def test_a_lost_lock_stops_it(stage: NodeStage) -> None:
    stage.cluster.refusals["web-1"] = [blocked()] * 100
    run = await stage.start_drain()
    await stage.clock.until(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
    stage.lock.held["orlando"].lost = "bob@bastion took it over"
    outcome = await stage.ended(run)
    assert "bob@bastion took it over" in outcome.why
    assert outcome.what.startswith("stopped draining node-a: 0 of 1 pod is gone")


async def test_a_journal_that_fails_ends_it_before_the_next_eviction(stage: NodeStage) -> None:
    stage.journal.failing.add(EventKind.STEP)
    stage.cluster.put("nodes", a_node("node-a", cordoned=True))
    outcome = await stage.ended(await stage.start_drain())
    assert outcome.result is Result.FAILED and str(FULL) in outcome.why
    assert stage.cluster.asked == []
