"""aks-engine by keys: what each stamp has, a run asked for and agreed to, its cockpit, a host key trusted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from backends.clock import SystemClock
from backends.errors import HostKeyUnknown, SourceError
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import EngineProgress, Failure, NodeProgress, NodeStep, Phase, Retry
from backends.model.fleet import Severity
from backends.model.health import Health, SourceState
from backends.model.job import JobState, Signal
from screens.gate.dialog import GateDialog
from screens.operations.cockpit import JobScreen
from screens.operations.screen import EngineScreen
from tests.operations.engine_stage import EngineStage, FakeReader
from tests.screens.stage import ready, screen_text, shows, until
from tests.screens.writing_stage import WritingStage
from tests.support.engine_facts import a_model, cluster_nodes, node_name
from tests.support.fakes import NODE_COLUMNS, POD_COLUMNS, a_row
from tests.support.node_objects import a_budget


class EngineScreens(WritingStage):
    """A stage whose stamps have helper VMs; `engine` holds their fakes."""

    def __init__(self, folder: Path, *names: str) -> None:
        super().__init__(*names)
        self.engine = EngineStage(folder, SystemClock(), *names)
        services: Any = self.services
        services.engine = self.engine.operations
        rebuild = self.engine.operations.rebuild
        services.rebuilt = rebuild

    async def begin(self, pilot: Any) -> None:
        await ready(pilot)
        await pilot.press("colon", *"engine", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EngineScreen), "the engines")


async def test_every_stamp_with_its_release_pools_and_jobs(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando", "seattle")

    async def refuse(last: int = 50) -> Any:
        raise HostKeyUnknown("its host key is not known", why="ssh-ed25519 SHA256:abc", todo="compare it: t")

    made.engine.jobs["seattle"].list = refuse  # type: ignore[method-assign]
    async with made.run((120, 30)) as pilot:
        await made.begin(pilot)
        await shows(pilot, "v0.85.0", "1.33.10", "master 3, linuxpool 3", "1.34.4", "no job was started")
        await shows(pilot, "ssh-ed25519 SHA256:abc")
        await pilot.press("down")
        await shows(pilot, "compare it: t")
        await pilot.press("t")
        await shows(pilot, "trust seattle?", "SHA256:" + "x" * 43)
        await pilot.press(*"no", "enter")
        await shows(pilot, "type yes, or esc")
        await pilot.press("backspace", "backspace", *"yes", "enter")
        await until(pilot, lambda: made.engine.vms["seattle"].trusted, "the key is remembered")
        await pilot.press("ctrl+r")
        assert [each.reconnects for each in made.engine.vms.values()] == [1, 1]


async def test_an_upgrade_is_asked_for_agreed_to_and_watched(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando", "seattle")
    jobs = made.engine.jobs["orlando"]
    async with made.run((120, 36)) as pilot:
        await made.begin(pilot)
        await shows(pilot, "v0.85.0")
        await pilot.press("W", "u")
        await shows(pilot, "upgrade orlando:")
        await pilot.press(*"1.34", "enter")
        await shows(pilot, "three numbers")
        await pilot.press(*".4", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the plan")
        await shows(pilot, "upgrade orlando from 1.33.10 to 1.34.4", "3 masters, one after another")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen), "the cockpit")
        await until(pilot, lambda: jobs.submitted, "the job")
        await shows(pilot, "running")
        made.engine.engines["orlando"].model = a_model(version="1.34.4")
        made.engine.clusters["orlando"].lists["nodes"] = cluster_nodes("1.34.4")
        jobs.finish()
        await shows(pilot, "exited")
        await until(pilot, lambda: made.runs.all.value[0].status.value.state.is_over, "the end of the run")
        outcome = made.runs.all.value[0].status.value.outcome
        assert outcome is not None
        assert outcome.is_well, outcome


async def cockpit(made: EngineScreens, pilot: Any, progress: EngineProgress) -> FakeReader:
    """Start a job elsewhere, open it, and let its log tell this progress."""
    jobs = made.engine.jobs["orlando"]
    engine = made.engine.engines["orlando"]
    from backends.model.engine.command import Upgrade

    await jobs.submit(engine.job(Upgrade("1.34.4"), None, "upgrade-7", "bob"))
    jobs.statuses["upgrade-7"] = replace(jobs.statuses["upgrade-7"], now=time.time())
    await made.begin(pilot)
    await shows(pilot, "upgrade-7", "bob")
    await pilot.press("tab", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen), "the cockpit")
    reader = made.engine.readers[0]
    reader.progress = progress
    jobs.write("a line\n")
    return reader


def busy(name: str, now: float) -> EngineProgress:
    """Return a progress that drains a node."""
    return EngineProgress(
        "upgrade",
        Phase.AGENTS,
        "linuxpool",
        "1.34.4",
        (
            NodeProgress(node_name("master", 0), "master", NodeStep.READY),
            NodeProgress(name, "linuxpool", NodeStep.DRAINING, since=now - 90, note="2 pods to evict"),
        ),
        units_done=2.0,
        units_total=8.0,
        eta_s=4680.0,
        step=f"draining {name}",
        step_lasts_s=(30.0, 3600.0),
        last_line_at=now - 600,
    )


async def test_the_cockpit_joins_the_log_with_the_cluster(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando")
    name, cluster = node_name("linuxpool", 0), made.engine.clusters["orlando"]
    nodes = cluster.reflection("nodes")
    nodes.store.set_columns(NODE_COLUMNS)
    rows = [a_row("orlando", name, "Ready,SchedulingDisabled", "agent", "5d", "v1.33.10", namespace="")]
    nodes.live(1.0, *rows, a_row("orlando", "k8s-other-0", "NotReady", "agent", "5d", "v1.33.10", namespace=""))
    pods = cluster.reflection("pods", field_selector=f"spec.nodeName={name}")
    pods.store.set_columns(POD_COLUMNS)
    pods.live(1.0, a_row("orlando", "web-1", "1/1", "Running", 0, "1d", labels={"app": "web"}))
    cluster.lists["poddisruptionbudgets"] = [a_budget("web", allowed=0)]
    async with made.run((120, 36)) as pilot:
        await cockpit(made, pilot, busy(name, time.time()))
        await shows(pilot, "25 %", "agents linuxpool", "1 of 2 machines", "about 78m left")
        await shows(pilot, f"draining {name}", "silent for 10m (usual: 30s to 60m)", "connected")
        await shows(pilot, "Ready,SchedulingDisabled", "1.33.10", "1 pod left: d")
        await shows(pilot, "is held by default/web", "then deletes it", "k8s-other-0", "NotReady")
        made.engine.vms["orlando"].state.set(SourceState(Health.RETRYING, "reset"))
        await shows(pilot, "connection lost: the job runs on")


async def test_a_failure_says_what_to_do_and_the_log_folds(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando")
    async with made.run((120, 36)) as pilot:
        failure = Failure("quota", "QuotaExceeded", "the quota of cores is used up", "have it raised", Retry.AFTER, 3)
        reader = await cockpit(made, pilot, EngineProgress("upgrade", Phase.FAILED, failures=(failure,)))
        await shows(pilot, "the quota of cores is used up: have it raised (after the cause is mended)", "a line")

        def feed(data: bytes, at: float) -> list[EngineLine]:
            return [
                EngineLine(2, LineForm.LOGFMT, "noise of transforms", at=at, is_noise=True),
                EngineLine(3, LineForm.ERROR, "Error: quota", Severity.BAD, at=at),
            ]

        reader.feed = feed  # type: ignore[method-assign]
        made.engine.jobs["orlando"].write("x\n")
        await shows(pilot, "Error: quota", "warnings and errors: 1", "lines of noise: 1")
        assert "noise of transforms" not in screen_text(pilot.app)
        await pilot.press("f")
        await shows(pilot, "noise of transforms", "every line")
        await pilot.press("f")
        await until(pilot, lambda: "a line" not in screen_text(pilot.app), "only the error")
        await shows(pilot, "Error: quota")


async def test_ending_a_run_is_armed_typed_and_asked_for_each_signal(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando")
    jobs = made.engine.jobs["orlando"]
    async with made.run((120, 36)) as pilot:
        await cockpit(made, pilot, EngineProgress("upgrade"))
        await shows(pilot, "running")
        await pilot.press("ctrl+x")
        await shows(pilot, "read-only")
        await pilot.press("W", "ctrl+x")
        await shows(pilot, "end it (INT)?")
        await pilot.press(*"seattle", "enter")
        await shows(pilot, "type orlando, or esc")
        assert jobs.signals == []
        await pilot.press(*["backspace"] * 7, *"orlando", "enter")
        await until(pilot, lambda: jobs.signals, "the signal")
        assert [each[1] for each in jobs.signals] == [Signal.INT]
        await pilot.press("ctrl+x")
        await shows(pilot, "end it (TERM)?")


async def test_an_unknown_outcome_is_not_called_a_failure(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando")
    jobs = made.engine.jobs["orlando"]
    async with made.run((80, 24)) as pilot:
        await cockpit(made, pilot, EngineProgress("upgrade"))
        jobs.finish(JobState.REBOOTED, None)
        await shows(pilot, "upgrade orlando", "rebooted", "was started again while it ran")


async def test_a_vm_that_cannot_be_asked_leaves_the_others_alone(tmp_path: Path) -> None:
    made = EngineScreens(tmp_path, "orlando", "seattle")

    async def fail(last: int = 50) -> Any:
        raise SourceError("nothing listens on port 22", why="connection refused", todo="is the VM up?")

    made.engine.jobs["orlando"].list = fail  # type: ignore[method-assign]
    async with made.run((80, 24)) as pilot:
        await made.begin(pilot)
        await shows(pilot, "orlando", "connection refused", "is the VM up?", "v0.85.0")
