"""Several nodes in turn: each examined and agreed to when its turn comes, the next one when the stamp is well again."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from backends.model.drain import DrainOptions
from backends.model.fleet import FleetSnapshot, Verdict, VerdictLevel
from backends.model.proposal import Consent, Finding, Level, Proposal
from backends.operations.node_works.drain import DrainWork
from backends.operations.node_works.staged_nodes import StagedNodes
from backends.operations.staging import Staged, StageState
from backends.operations.work import Work
from backends.streams import Cell
from tests.operations.gate_stage import YES
from tests.operations.node_stage import NodeStage
from tests.operations.test_staging import snapshot
from tests.support.node_objects import a_pod, an_owner

NODES = ("node-a", "node-b", "node-c")


class Scene(NodeStage):
    """Three nodes with a pod each, drained in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.cluster.pods(*(a_pod(f"x{n}-1", node, owner=an_owner("Gadget", f"x{n}")) for n, node in enumerate(NODES)))
        self.fleet = Cell(FleetSnapshot(0.0, (snapshot("orlando"),), Verdict(VerdictLevel.UP, "up")))
        self.asked: list[str] = []
        self.consents: dict[str, Consent | None] = {}

    def staging(self, *nodes: str, recovery_s: float = 600.0) -> StagedNodes:
        named = {f"orlando {node}": "orlando" for node in nodes}
        return StagedNodes(named, self._plan, self.gate, self.runs, self.fleet, self.clock, recovery_s=recovery_s)

    async def _plan(self, name: str) -> Work:
        return await DrainWork.plan(self.cluster, name.partition(" ")[2], DrainOptions(), self.clock)

    async def agree(self, work: Work, proposal: Proposal) -> Consent | None:
        node = work.change.target.name
        self.asked.append(node)
        return self.consents.get(node, YES)

    def less_ready(self, ready: int) -> None:
        """Let the fleet say that so many workloads are ready."""
        (before,) = self.fleet.value.stamps
        self.fleet.set(replace(self.fleet.value, stamps=(replace(before, workloads_ready=ready),)))

    async def carried_out(self, staging: StagedNodes) -> Staged:
        """Let time pass until it is over."""
        task = asyncio.ensure_future(staging.carry_out(self.agree))
        await self.clock.until(task.done, 7_200)
        return task.result()


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_nodes_are_drained_one_after_another_each_with_its_own_yes(scene: Scene) -> None:
    staged = await scene.carried_out(scene.staging("node-a", "node-b"))
    assert staged.is_well and staged.verdict == "done on 2 nodes"
    assert scene.asked == ["node-a", "node-b"]
    assert [uid for uid, _ in scene.cluster.evictions] == ["uid-default-x0-1", "uid-default-x1-1"]
    assert all(scene.cluster.objects["nodes", "", node]["spec"].get("unschedulable") for node in NODES[:2])


async def test_the_next_one_waits_until_the_stamp_is_as_well_as_before(scene: Scene) -> None:
    staging = scene.staging("node-a", "node-b")
    scene.cluster.vanished = lambda pod: scene.less_ready(3)
    task = asyncio.ensure_future(staging.carry_out(scene.agree))
    await scene.clock.until(lambda: staging.state.value.stages[0].state is StageState.SOAKING)
    await scene.clock.advance(120)
    stage = staging.state.value.stages[0]
    assert stage.state is StageState.SOAKING and scene.asked == ["node-a"]
    assert stage.text == "waits until its pods run elsewhere: 3 workloads are ready, 4 were"
    scene.cluster.vanished = lambda pod: None
    scene.less_ready(4)
    await scene.clock.until(task.done)
    assert task.result().is_well and scene.asked == ["node-a", "node-b"]


async def test_a_stamp_that_does_not_recover_halts_it(scene: Scene) -> None:
    scene.cluster.vanished = lambda pod: scene.less_ready(3)
    staged = await scene.carried_out(scene.staging(*NODES, recovery_s=60.0))
    assert [each.state for each in staged.stages] == [StageState.HALTED, StageState.NOT_BEGUN, StageState.NOT_BEGUN]
    assert "not as well as before after 60s: 3 workloads are ready, 4 were" in staged.verdict
    assert staged.verdict.endswith("not begun: orlando node-b, orlando node-c")


async def test_a_precondition_that_turns_halts_the_rest(scene: Scene) -> None:
    def seattle_dies(pod: object) -> None:
        scene.preconditions.found = (Finding("others-serve", Level.REFUSE, "seattle does not answer", "seattle"),)

    scene.cluster.vanished = seattle_dies
    staged = await scene.carried_out(scene.staging(*NODES))
    assert [each.state for each in staged.stages] == [StageState.DONE, StageState.HALTED, StageState.NOT_BEGUN]
    assert "others-serve: seattle does not answer" in staged.verdict
    assert not scene.cluster.objects["nodes", "", "node-b"]["spec"]


async def test_what_the_ones_before_it_did_counts_for_the_last(scene: Scene) -> None:
    staged = await scene.carried_out(scene.staging(*NODES))
    assert [each.state for each in staged.stages] == [StageState.DONE, StageState.DONE, StageState.HALTED]
    assert "last-ready-node: without node-c no ready node takes pods" in staged.verdict


async def test_a_no_stops_there(scene: Scene) -> None:
    scene.consents["node-b"] = None
    staged = await scene.carried_out(scene.staging(*NODES))
    assert "not agreed to" in staged.verdict and scene.asked == ["node-a", "node-b"]


async def test_cancelling_stops_the_drain_at_work_and_begins_no_other(scene: Scene) -> None:
    staging = scene.staging("node-a", "node-b")
    task = asyncio.ensure_future(staging.carry_out(scene.agree))
    await scene.clock.until(lambda: scene.cluster.evictions)
    staging.cancel()
    await scene.clock.until(task.done)
    assert "stopped draining node-a" in task.result().verdict and scene.asked == ["node-a"]
