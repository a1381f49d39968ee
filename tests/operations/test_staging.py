from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from backends.errors import Invalid, Unreachable
from backends.model.fleet import FleetSnapshot, PodCounts, ProbeSample, StampSnapshot, Verdict, VerdictLevel
from backends.model.health import Health, SourceState
from backends.model.proposal import Consent, Finding, Level, Proposal
from backends.model.vitals import Vitals
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.runs import Runs
from backends.operations.staging import StageState, Staging
from backends.operations.work import Work
from backends.streams import Cell
from tests.operations.gate_stage import YES, FakeLock, FakePreconditions, FakeWork, a_change
from tests.support.clock import ManualClock
from tests.support.fake_journal import FakeJournal
from tests.support.fake_writer import FakeWriter

STAMPS = ("orlando", "seattle", "berlin")


def snapshot(name: str, *, serves: bool = True, failing: int = 0) -> StampSnapshot:
    return StampSnapshot(
        name,
        api=SourceState(Health.LIVE),
        nodes_ready=3,
        nodes_total=3,
        pods=PodCounts(total=9, running=9 - failing, failing=failing),
        workloads_ready=4,
        workloads_total=4,
        probes=(ProbeSample(0.0, serves, 0.01),),
    )


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fleet = Cell(FleetSnapshot(0.0, tuple(map(snapshot, STAMPS)), Verdict(VerdictLevel.UP, "up")))
        arming = Arming(self.clock, armed_for_s=1e6, idle_s=1e6)
        arming.arm()
        self.journal = FakeJournal()
        clusters = {name: FakeWriter(name) for name in STAMPS}
        self.gate = Gate(clusters, FakePreconditions(), FakeLock(), self.journal, arming, self.clock)
        self.runs = Runs(self.gate, self.journal, self.clock)
        self.works = {name: FakeWork(a_change(stamp=name)) for name in STAMPS}
        self.asked: list[str] = []
        self.consents: dict[str, Consent | None] = dict.fromkeys(STAMPS, YES)
        self.planned: Callable[[str], None] = lambda stamp: None
        self.staging = Staging(STAMPS, self.plan, self.gate, self.runs, self.fleet, self.clock, soak_s=30)
        self.task: asyncio.Task[object] | None = None

    async def plan(self, stamp: str) -> Work:
        self.planned(stamp)
        return self.works[stamp]

    async def agree(self, work: Work, proposal: Proposal) -> Consent | None:
        self.asked.append(work.change.stamp)
        return self.consents[work.change.stamp]

    def begin(self) -> None:
        self.task = asyncio.create_task(self.staging.carry_out(self.agree))

    async def until_over(self) -> None:
        if self.task is None:
            self.begin()
        await self.clock.until(lambda: self.staging.state.value.over)

    async def until_state(self, at: int, state: StageState) -> None:
        await self.clock.until(lambda: self.staging.state.value.stages[at].state is state)

    def show(self, name: str, changed: StampSnapshot) -> None:
        now = self.fleet.value
        stamps = tuple(changed if each.name == name else each for each in now.stamps)
        self.fleet.set(replace(now, stamps=stamps))

    @property
    def acted(self) -> list[str]:
        return [name for name, work in self.works.items() if work.acted]

    @property
    def states(self) -> list[StageState]:
        return [each.state for each in self.staging.state.value.stages]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_one_stamp_after_another_with_a_soak_between(scene: Scene) -> None:
    scene.begin()
    await scene.until_state(0, StageState.SOAKING)
    began = scene.clock.now()
    assert scene.acted == ["orlando"] and scene.asked == ["orlando"]
    await scene.until_state(1, StageState.SOAKING)
    assert scene.clock.now() - began >= 30
    await scene.until_over()
    assert scene.states == [StageState.DONE] * 3
    assert scene.staging.state.value.is_well
    assert scene.asked == list(STAMPS)
    assert len({each.operation for each in scene.staging.state.value.stages}) == 3


async def test_health_that_becomes_worse_halts_it(scene: Scene) -> None:
    scene.begin()
    await scene.until_state(0, StageState.SOAKING)
    scene.show("orlando", snapshot("orlando", failing=2))
    await scene.until_over()
    assert scene.states == [StageState.HALTED, StageState.NOT_BEGUN, StageState.NOT_BEGUN]
    assert scene.acted == ["orlando"]
    verdict = scene.staging.state.value.verdict
    assert "2 pods are failing, 0 were" in verdict and "not begun: seattle, berlin" in verdict
    assert "its change was made, and stays" in verdict
    assert not scene.staging.state.value.is_well


async def test_one_late_answer_is_no_regression(scene: Scene) -> None:
    scene.begin()
    await scene.until_state(0, StageState.SOAKING)
    scene.show("orlando", snapshot("orlando", serves=False))
    await scene.clock.advance(2)
    scene.show("orlando", snapshot("orlando"))
    await scene.until_over()
    assert scene.staging.state.value.is_well


async def test_what_was_bad_before_is_not_held_against_the_change(scene: Scene) -> None:
    scene.show("orlando", snapshot("orlando", serves=False, failing=3))
    await scene.until_over()
    assert scene.staging.state.value.is_well


async def test_a_failed_change_leaves_the_others_alone(scene: Scene) -> None:
    scene.works["seattle"].failing["act"] = Invalid("the API refused it", stamp="seattle")
    await scene.until_over()
    assert scene.states == [StageState.DONE, StageState.HALTED, StageState.NOT_BEGUN]
    assert "berlin" not in scene.acted


async def test_a_plan_that_cannot_be_made_halts_it(scene: Scene) -> None:
    def planned(stamp: str) -> None:
        if stamp == "seattle":
            raise Unreachable("cannot read deployment/web", stamp=stamp)

    scene.planned = planned
    await scene.until_over()
    assert scene.states == [StageState.DONE, StageState.HALTED, StageState.NOT_BEGUN]
    assert "cannot read deployment/web" in scene.staging.state.value.verdict


async def test_a_no_stops_there(scene: Scene) -> None:
    scene.consents["seattle"] = None
    await scene.until_over()
    assert scene.acted == ["orlando"]
    assert "halted at seattle: not agreed to" in scene.staging.state.value.verdict
    assert "its change was made" not in scene.staging.state.value.verdict


async def test_a_refusal_of_the_gate_stops_there(scene: Scene) -> None:
    scene.works["seattle"].own = (Finding("single-replica", Level.REFUSE, "none would be left", "seattle"),)
    await scene.until_over()
    assert scene.acted == ["orlando"]
    assert "single-replica" in scene.staging.state.value.verdict


async def test_cancelling_in_the_soak_begins_no_other(scene: Scene) -> None:
    scene.begin()
    await scene.until_state(0, StageState.SOAKING)
    scene.staging.cancel()
    await scene.until_over()
    assert scene.acted == ["orlando"]
    assert scene.states[0] is StageState.HALTED


async def test_cancelling_while_acting_stops_that_run(scene: Scene) -> None:
    work = scene.works["orlando"]
    work.steps = 3
    work.go_on.clear()
    scene.begin()
    await scene.clock.until(lambda: scene.runs.active)
    scene.staging.cancel()
    work.go_on.set()
    await scene.until_over()
    assert work.acted < 3
    assert scene.states == [StageState.HALTED, StageState.NOT_BEGUN, StageState.NOT_BEGUN]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (snapshot("o"), ""),
        (snapshot("o", serves=False), "no longer answers"),
        (snapshot("o", failing=1), "1 pods are failing"),
        (replace(snapshot("o"), workloads_ready=3), "3 workloads are ready, 4 were"),
        (replace(snapshot("o"), nodes_ready=2), "2 nodes are ready, 3 were"),
        (replace(snapshot("o"), api=SourceState(Health.DOWN)), "its API is DOWN"),
        (replace(snapshot("o"), api=SourceState(Health.RETRYING)), ""),
        (replace(snapshot("o"), nodes_ready=None, workloads_ready=None, pods=None), ""),
    ],
)
def test_what_counts_as_worse(after: StampSnapshot, said: str) -> None:
    found = Vitals.of(after).regression(Vitals.of(snapshot("o")))
    assert said in found
    assert bool(found) == bool(said)


async def test_in_the_background_it_asks_whoever_looks(scene: Scene) -> None:
    scene.staging.begin()
    for stamp in STAMPS:
        await scene.clock.until(lambda: scene.staging.question.value)
        question = scene.staging.question.value
        assert question is not None and question.proposal.change.stamp == stamp
        question.answer(YES)
        question.answer(None)
    await scene.until_state(2, StageState.DONE)
    await scene.clock.until(lambda: scene.staging.state.value.over)
    assert scene.staging.question.value is None


async def test_cancelling_answers_an_open_question_with_no(scene: Scene) -> None:
    scene.staging.begin()
    await scene.clock.until(lambda: scene.staging.question.value)
    scene.staging.cancel()
    await scene.clock.until(lambda: scene.staging.state.value.over)
    assert scene.acted == []


async def test_closing_leaves_no_task(scene: Scene) -> None:
    scene.staging.begin()
    await scene.clock.until(lambda: scene.staging.question.value)
    await scene.staging.close()
    assert scene.acted == []
