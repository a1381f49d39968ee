"""Drains of a lab's node over real sockets, with its faults, through the gate and into the real journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.errors import SourceError
from backends.journal import SqliteJournal
from backends.kubernetes import Cluster, Timing
from backends.model.drain import DrainOptions
from backends.model.fields import text
from backends.model.journal import EventKind
from backends.model.proposal import Consent, Outcome, Result, Step
from backends.model.run import ItemState, RunState
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.node_works.cordon import UncordonWork
from backends.operations.node_works.drain import DrainWork
from backends.operations.runs import Run, Runs
from tests.operations.conftest import on_lab
from tests.operations.gate_stage import YES, FakeLock, FakePreconditions
from tests.operations.node_stage import lines_of
from tests.support.hurried_clock import HurriedClock
from tests.support.waiting import eventually, until

NODE = "k8s-linuxpool-35064155-1"
OPTIONS = DrainOptions(delete_local_data=True, timeout_s=600.0)
QUICK = Timing(write_s=2.0)


@dataclass
class Drained:
    """A stamp of a running lab behind our gate; time passes ten times as fast for both."""

    board: Any
    store: Any
    cluster: Cluster
    journal: SqliteJournal
    gate: Gate
    runs: Runs
    clock: HurriedClock

    async def start(self, consent: Consent = YES, options: DrainOptions = OPTIONS) -> Run:
        work = await DrainWork.plan(self.cluster, NODE, options, self.clock)
        return self.runs.start(work, await self.gate.propose(work), consent)

    async def budget(self, least: int) -> None:
        """Let so many pods of ratings-web be needed, once the API answers, and wait until that is counted."""
        name, body = "ratings-web", {"spec": {"minAvailable": least}}

        async def is_counted() -> bool:
            try:
                await self.cluster.patch("poddisruptionbudgets", name, body, namespace="default")
                found = await self.cluster.get("poddisruptionbudgets", name, "default")
            except SourceError:
                return False
            return bool(found["status"].get("desiredHealthy") == least)

        await eventually(is_counted)

    def here(self) -> list[str]:
        """Names of the pods on the node that leave when it is drained, as the lab itself has them."""
        return sorted(
            text(pod, "metadata", "name")
            for pod in self.store.each("pods")
            if text(pod, "spec", "nodeName") == NODE and pod["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet"
        )


@pytest.fixture
async def drained(tmp_path: Path) -> AsyncIterator[Drained]:
    async with on_lab(tmp_path / "lab", speed=20.0) as found:
        stamp, clock = found.services.stamps[0], HurriedClock()
        async with (
            Cluster(stamp, SystemClock(), QUICK) as cluster,
            SqliteJournal(tmp_path / "journal", clock) as journal,
        ):
            arming = Arming(clock)
            arming.arm()
            gate = Gate({stamp.name: cluster}, FakePreconditions(), FakeLock(), journal, arming, clock)
            runs = Runs(gate, journal, clock)
            inside = found.lab.stamps[stamp.name]
            try:
                yield Drained(found.lab.boards[stamp.name], inside.store, cluster, journal, gate, runs, clock)
            finally:
                found.lab.boards[stamp.name].clear()
                await runs.close()


def _web(run: Run, state: ItemState) -> bool:
    return any(each.state is state and "/ratings-web-" in each.key for each in run.status.value.items)


async def _well(drained: Drained, run: Run) -> Outcome:
    outcome = await run.finished()
    assert outcome.result is Result.DONE, (outcome, lines_of(run), run.status.value.items)
    assert drained.here() == []
    assert (await drained.cluster.get("nodes", NODE))["spec"]["unschedulable"] is True
    return outcome


async def test_a_node_is_emptied_and_given_back(drained: Drained) -> None:
    before = drained.here()
    assert len(before) == 5
    run = await drained.start()
    await _well(drained, run)
    events = await drained.journal.events(operation=run.operation)
    evicting = [pair for each in events if "evicting" in each.data for pair in each.data["evicting"]]
    assert sorted(key.partition("/")[2] for key, _ in evicting) == before
    assert (await drained.journal.verify()).holds
    back = await UncordonWork.plan(drained.cluster, NODE)
    given = await drained.runs.start(back, await drained.gate.propose(back), YES).finished()
    assert given.is_well, given


async def test_local_data_wants_its_option(drained: Drained) -> None:
    run = await drained.start(Consent(confirmed=True, overrides=("local-data",), reason="no"), DrainOptions())
    outcome = await run.finished()
    assert (outcome.result, outcome.step) == (Result.REFUSED, Step.PRECONDITIONS)
    assert "emptyDir data would be deleted" in outcome.why and len(drained.here()) == 5


async def test_a_budget_blocks_for_good_until_it_is_mended(drained: Drained) -> None:
    await drained.budget(3)
    refused = await (await drained.start()).finished()
    assert refused.result is Result.REFUSED and "budget ratings-web wants 3 of 3" in refused.why
    aside = Consent(confirmed=True, overrides=("disruption-budgets",), reason="the budget is mended meanwhile")
    run = await drained.start(aside)
    await until(lambda: _web(run, ItemState.BLOCKED))
    await until(lambda: len(drained.here()) == 1)
    await drained.budget(1)
    await _well(drained, run)


async def test_a_pause_and_a_stop_leave_the_rest_where_it_is(drained: Drained) -> None:
    await drained.budget(3)
    aside = Consent(confirmed=True, overrides=("disruption-budgets",), reason="to be stopped")
    run = await drained.start(aside)
    await until(lambda: _web(run, ItemState.BLOCKED))
    run.pause()
    await until(lambda: run.status.value.state is RunState.PAUSED)
    run.cancel()
    outcome = await run.finished()
    assert outcome.result is Result.CANCELLED
    assert "not evicted: default/ratings-web-" in outcome.what and "ratings-web needs 3 healthy pods" in outcome.what
    assert any(name.startswith("ratings-web-") for name in drained.here())
    assert (await drained.cluster.get("nodes", NODE))["spec"]["unschedulable"] is True
    kinds = [each.kind for each in await drained.journal.events(operation=run.operation)]
    assert kinds[0] is EventKind.INTENT and kinds[-1] is EventKind.OUTCOME and EventKind.PAUSED in kinds


@pytest.mark.parametrize(
    "fault",
    ["api-down", "token-revoked", "api-429", "api-500", "api-html", "api-truncated", "link-cut", "write-down"],
)
async def test_trouble_in_the_middle_is_waited_out(drained: Drained, fault: str) -> None:
    await drained.budget(3)
    aside = Consent(confirmed=True, overrides=("disruption-budgets",), reason="mended once the trouble is over")
    run = await drained.start(aside)
    await until(lambda: _web(run, ItemState.BLOCKED))
    drained.board.set(fault)
    said = len(lines_of(run))
    if fault == "write-down":
        await until(lambda: any("no clear answer" in each.text for each in run.status.value.items))
    else:
        await until(lambda: any(each.startswith("waits: ") for each in lines_of(run)[said:]))
    assert run.status.value.state is RunState.RUNNING
    drained.board.clear(fault)
    await drained.budget(1)
    await _well(drained, run)


async def test_an_api_that_dies_at_the_first_eviction(drained: Drained) -> None:
    # The cordon is the last write that is answered.
    work = await DrainWork.plan(drained.cluster, NODE, OPTIONS, drained.clock)
    proposal = await drained.gate.propose(work)
    drained.board.set("api-dies-after", "nodes:1")
    run = drained.runs.start(work, proposal, YES)
    await until(lambda: any(each.startswith("waits: ") for each in lines_of(run)))
    drained.board.clear()
    await _well(drained, run)


async def test_an_api_that_stays_dead_ends_with_what_is_left(drained: Drained) -> None:
    options = DrainOptions(delete_local_data=True, timeout_s=25.0)
    await drained.budget(3)
    aside = Consent(confirmed=True, overrides=("disruption-budgets",), reason="it will not end well")
    run = await drained.start(aside, options)
    await until(lambda: _web(run, ItemState.BLOCKED))
    drained.board.set("api-down")
    outcome = await run.finished()
    assert outcome.result is Result.FAILED, outcome
    assert "only partly drained" in outcome.what and "not evicted: default/ratings-web-" in outcome.what
    assert outcome.why.startswith("not done within 25s; the API does not answer: orlando: ")
    assert "stampdeck do uncordon" in outcome.todo


@pytest.mark.parametrize(
    "fault",
    [
        "eviction-429=4",
        "conflict-409=nodes:1",
        "answer-lost=pods:1",
        "answer-lost=nodes:1",
        "watch-410",
        "watch-silent",
    ],
)
async def test_answers_that_are_lost_or_refused_make_no_difference(drained: Drained, fault: str) -> None:
    work = await DrainWork.plan(drained.cluster, NODE, OPTIONS, drained.clock)
    proposal = await drained.gate.propose(work)
    name, _, argument = fault.partition("=")
    drained.board.set(name, argument)
    elsewhere = {
        text(pod, "metadata", "uid")
        for pod in drained.store.each("pods")
        if text(pod, "spec", "nodeName") != NODE and text(pod, "metadata", "namespace") != "reporting"
    }
    run = drained.runs.start(work, proposal, YES)
    await _well(drained, run)
    # Whatever was answered, no pod of another node was touched: what moved was made anew elsewhere.
    assert len(elsewhere) >= 10 and elsewhere <= {text(pod, "metadata", "uid") for pod in drained.store.each("pods")}


async def test_a_kubelet_that_is_gone_is_told_and_left_to_the_operator(drained: Drained) -> None:
    options = DrainOptions(delete_local_data=True, grace_s=1, timeout_s=400.0)
    drained.board.set("node-notready", NODE)
    run = await drained.start(options=options)
    await until(lambda: any("the kubelet of" in each for each in lines_of(run)), 40)
    assert any("stuck: not gone after" in each.text for each in run.status.value.items)
    run.cancel()
    outcome = await run.finished()
    assert outcome.result is Result.CANCELLED and "still ending: " in outcome.what
