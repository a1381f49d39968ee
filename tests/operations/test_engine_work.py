"""A run through its work: started once, followed whatever happens, and ended in words that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backends.errors import Conflict, Malformed, Unreachable, UsageError
from backends.model.change import Impact
from backends.model.engine.command import Deploy, GetLogs, RotateCerts, Scale, Upgrade, command_of, parameters_of
from backends.model.engine.progress import Failure, NodeProgress, NodeStep, Retry
from backends.model.health import Health, SourceState
from backends.model.job import JobState, Signal
from backends.model.proposal import Level
from backends.model.run import ItemState
from backends.operations.engine.work import EngineWork
from backends.operations.work import Cancelled, PartlyDone, Stopped
from tests.operations.engine_stage import EngineStage
from tests.support.clock import ManualClock
from tests.support.engine_facts import a_model, cluster_nodes, node_name
from tests.support.fake_progress import FakeProgress


class Stage(EngineStage):
    clock: ManualClock


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, ManualClock(), "orlando", "seattle")


@asynccontextmanager
async def acting(stage: Stage, work: EngineWork, progress: FakeProgress) -> AsyncIterator[asyncio.Task[str]]:
    """Let the work act beside the body."""
    task = asyncio.create_task(work.act(progress))
    await stage.clock.settle()
    yield task
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await stage.operations.close()


def upgraded(stage: Stage) -> None:
    """Let the cluster be as the upgrade leaves it."""
    stage.engines["orlando"].model = a_model(version="1.34.4")
    stage.clusters["orlando"].lists["nodes"] = cluster_nodes("1.34.4")


async def test_a_run_is_started_once_followed_and_read_back(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    jobs = stage.jobs["orlando"]
    async with acting(stage, work, progress) as task:
        assert [each.number for each in jobs.submitted] == [work.number]
        assert progress.notes == [{"job": work.number}]
        stage.readers[0].progress = replace(
            stage.readers[0].progress,
            nodes=(NodeProgress(node_name("master", 0), "master", NodeStep.JOINING, note="third look"),),
        )
        jobs.write("Upgrading Master VM\n")
        await stage.clock.settle()
        assert progress.items[node_name("master", 0)] == (ItemState.WORKING, "waiting for ready, third look")
        assert "Upgrading Master VM" in progress.lines
        upgraded(stage)
        jobs.write("Cluster upgraded successfully\n")
        jobs.finish()
        await stage.clock.until(task.done)
        assert task.result() == "upgrade orlando from 1.33.10 to 1.34.4"
    assert "Cluster upgraded successfully" in progress.lines
    found = await work.verify()
    assert (found.ok, found.evidence) == (True, "6 nodes have 1.34.4, and all are ready")


async def test_nothing_but_the_operators_word_ends_the_job(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    lost = Stopped("stopped", why="the team lock was lost: no API answers")
    checks: list[Exception] = [lost]

    async def checkpoint() -> None:
        if checks:
            raise checks.pop()

    progress.checkpoint = checkpoint  # type: ignore[method-assign]
    jobs = stage.jobs["orlando"]
    async with acting(stage, work, progress) as task:
        await stage.clock.advance(2.0)
        assert jobs.signals == []
        assert any("the job goes on" in each for each in progress.lines)
        upgraded(stage)
        jobs.finish()
        await stage.clock.until(task.done)


async def test_cancelling_asks_the_engine_to_end_and_waits_until_it_did(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    checks: list[Exception] = [Cancelled("stopped", why="cancelled by the operator")]

    async def checkpoint() -> None:
        if checks:
            raise checks.pop()

    progress.checkpoint = checkpoint  # type: ignore[method-assign]
    jobs = stage.jobs["orlando"]
    async with acting(stage, work, progress) as task:
        await stage.clock.advance(2.0)
        assert jobs.signals == [(work.number, Signal.INT, "ada@bastion")]
        assert not task.done()
        jobs.finish(status=130)
        await stage.clock.until(task.done)
        with pytest.raises(PartlyDone, match="exit status 130"):
            task.result()


async def test_a_start_of_which_nothing_is_known_is_tried_until_it_is(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    jobs = stage.jobs["orlando"]
    jobs.failing = [Unreachable("lost", stamp="orlando")] * 3
    async with acting(stage, work, progress) as task:
        await stage.clock.until(lambda: jobs.submitted)
        assert sum("not known yet whether it started" in each for each in progress.lines) == 1
        upgraded(stage)
        jobs.finish()
        await stage.clock.until(task.done)
    assert len(jobs.submitted) == 1


async def test_what_waiting_does_not_mend_is_raised(stage: Stage) -> None:
    work = await stage.operations.plan("orlando", Upgrade("1.34.4"))
    stage.jobs["orlando"].failing = [Malformed("no JSON", stamp="orlando")]
    with pytest.raises(Malformed):
        await work.act(FakeProgress())


async def test_a_refused_job_names_who_holds_the_cluster(stage: Stage) -> None:
    stage.jobs["orlando"].refused = "upgrade-77"
    work = await stage.operations.plan("orlando", Upgrade("1.34.4"))
    with pytest.raises(Conflict, match="upgrade-77 works on this cluster"):
        await work.act(FakeProgress())


async def test_a_console_that_starts_again_finds_the_job_and_starts_none(stage: Stage) -> None:
    first, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    jobs = stage.jobs["orlando"]
    async with acting(stage, first, progress):
        jobs.write("one\n")
        await stage.clock.settle()
    other = stage.console()
    work = other.rebuild(first.change)
    assert work is not None
    again = FakeProgress()
    task = asyncio.create_task(work.act(again))
    await stage.clock.settle()
    jobs.write("two\n")
    upgraded(stage)
    jobs.finish()
    await stage.clock.until(task.done)
    assert len(jobs.submitted) == 1
    assert [each for each in again.lines if each in ("one", "two")] == ["one", "two"]
    await other.close()


async def test_a_status_without_a_reason_in_the_log_is_explained(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    async with acting(stage, work, progress) as task:
        stage.jobs["orlando"].finish(status=137)
        await stage.clock.until(task.done)
        with pytest.raises(PartlyDone) as caught:
            task.result()
    assert caught.value.why == "it was killed (exit status 137)"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState.LOST, "all of it is gone without an exit status"),
        (JobState.REBOOTED, "started again while it ran"),
        (JobState.FAILED_START, "its process never came up"),
    ],
)
async def test_an_unknown_outcome_is_said_to_be_unknown(stage: Stage, state: JobState, words: str) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    async with acting(stage, work, progress) as task:
        stage.jobs["orlando"].finish(state, None)
        await stage.clock.until(task.done)
        with pytest.raises(PartlyDone) as caught:
            task.result()
    assert words in str(caught.value)
    assert ("reconcile" in caught.value.todo) is state.is_unknown
    assert (await work.verify()).evidence == f"job {work.number} is {state}"


async def test_a_failure_is_told_with_its_cause_and_whether_to_try_again(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    async with acting(stage, work, progress) as task:
        failure = Failure("quota", "QuotaExceeded", "the quota of cores is used up", "raise it", Retry.AFTER, 7)
        stage.readers[0].progress = replace(stage.readers[0].progress, failures=(failure,))
        stage.jobs["orlando"].write("Error: QuotaExceeded\n")
        stage.jobs["orlando"].finish(status=1)
        await stage.clock.until(task.done)
        with pytest.raises(PartlyDone) as caught:
            task.result()
    assert caught.value.why == "the quota of cores is used up (QuotaExceeded)"
    assert caught.value.todo == "raise it; then give the same command again: what is done is kept"


async def test_a_bigger_pool_is_done_when_its_nodes_are_ready(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Scale("linuxpool", 5)), FakeProgress()
    assert work.change.impact is Impact.NONE
    cluster = stage.clusters["orlando"]
    async with acting(stage, work, progress) as task:
        cluster.lists["nodes"] = cluster_nodes(agents=5, not_ready=(node_name("linuxpool", 4),))
        stage.jobs["orlando"].finish()
        await stage.clock.until(lambda: any(node_name("linuxpool", 4) in each for each in progress.lines))
        assert not task.done()
        cluster.away = Unreachable("away", why="connection refused")
        await stage.clock.advance(10.0)
        cluster.away = None
        cluster.lists["nodes"] = cluster_nodes(agents=5)
        await stage.clock.until(task.done)
        task.result()


async def test_nodes_that_never_become_ready_are_no_success(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Scale("linuxpool", 5)), FakeProgress()
    async with acting(stage, work, progress) as task:
        stage.clusters["orlando"].lists["nodes"] = cluster_nodes(agents=4)
        stage.jobs["orlando"].finish()
        await stage.clock.until(task.done, limit_s=1300.0)
        with pytest.raises(PartlyDone, match="has 4 nodes, not 5"):
            task.result()


async def test_a_lost_connection_is_said_and_changes_nothing(stage: Stage) -> None:
    work, progress = await stage.operations.plan("orlando", Upgrade("1.34.4")), FakeProgress()
    async with acting(stage, work, progress):
        stage.vms["orlando"].state.set(SourceState(Health.RETRYING, "reset by the VM"))
        await stage.clock.settle()
        stage.vms["orlando"].state.set(SourceState(Health.LIVE))
        await stage.clock.settle()
        assert progress.lines[-2:] == ["connection lost, the job runs on: reset by the VM", "connected again"]


async def test_a_plan_made_of_another_api_model_is_not_carried_out(stage: Stage) -> None:
    work = await stage.operations.plan("orlando", Upgrade("1.34.4"))
    rebuilt = stage.operations.rebuild(work.change)
    assert rebuilt is not None
    stage.engines["orlando"].model = a_model(sha256="b" * 64)
    with pytest.raises(Conflict, match="changed since"):
        await rebuilt.preview()
    assert any("3 masters" in each for each in (await work.preview()).notes)


async def test_the_rules_are_answered_from_a_fresh_look(stage: Stage) -> None:
    work = await stage.operations.plan("orlando", Upgrade("1.34.4"))
    found = {each.rule: each for each in await work.findings()}
    assert found["masters-ready"].level is Level.PASS
    await stage.jobs["seattle"].submit(stage.engines["seattle"].job(Upgrade("1.34.4"), None, "upgrade-9", "bob"))
    found = {each.rule: each for each in await work.findings()}
    assert found["one-run-at-a-time"].level is Level.REFUSE
    assert "upgrade-9" in found["one-run-at-a-time"].evidence


async def test_a_stamp_without_a_helper_vm_says_what_to_add(stage: Stage) -> None:
    with pytest.raises(UsageError, match="add helper_vm"):
        await stage.operations.plan("munich", Upgrade("1.34.4"))


async def test_all_jobs_are_listed_with_what_could_not_be_asked(stage: Stage) -> None:
    async def fail(last: int = 50) -> None:
        raise Unreachable("no route")

    stage.jobs["seattle"].list = fail  # type: ignore[assignment, method-assign]
    found = await stage.operations.jobs()
    assert found["orlando"] == ()
    assert isinstance(found["seattle"], Unreachable)


@pytest.mark.parametrize(
    "command",
    [Upgrade("1.34.4", force=True), Scale("p", 3), Deploy("m", "o"), RotateCerts("h", "k"), GetLogs("h", "k", ("a",))],
)
def test_a_command_survives_the_journal(command: Upgrade) -> None:
    assert command_of(parameters_of(command)) == command


def test_what_is_no_command_is_refused() -> None:
    for wrong in ({}, {"word": "format"}, {"word": "scale", "pool": 3}, {"word": "upgrade", "version": []}):
        with pytest.raises((KeyError, ValueError)):
            command_of(wrong)
