"""Read-only really is: every key of every screen, unarmed, every question answered with yes, and nothing written."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from pathlib import Path

import pytest

import screens
from backends.clock import SystemClock
from backends.journal import SqliteJournal
from backends.model.change import Change
from backends.model.job import JobRequest, JobState
from backends.model.journal import Author, EventKind
from backends.model.proposal import Result, Step
from backends.operations.gate_records import change_data
from console.configuration import load_settings
from console.wiring import Services, open_services
from screens.faults.screen import FaultsScreen
from screens.frame import FramedScreen
from screens.places import (
    ContainersPlace,
    DetailPlace,
    DoctorPlace,
    DriftPlace,
    EnginePlace,
    FleetPlace,
    ForwardsPlace,
    HistoryPlace,
    JobPlace,
    LogsPlace,
    OperationPlace,
    ResourcesPlace,
    RunPlace,
    RunsPlace,
    StagingPlace,
)
from tests.console.every_key import EditingApp, Operator
from tests.console.writing_lab import ask_api
from tests.support.api_audit import audited_lab

LEFT_OPEN = "left-open"
POD = "ratings-mongodb-0"
WEB = "/apis/apps/v1/namespaces/default/deployments/ratings-web"
OTHER_REVISION = {"spec": {"template": {"metadata": {"labels": {"tried": "once"}}}}}
DEPLOYMENTS = ResourcesPlace("deployments", namespace="default", filter="ratings-web")
TABLES = (
    DEPLOYMENTS,
    *map(
        ResourcesPlace,
        ("pods", "nodes", "statefulsets", "daemonsets", "horizontalpodautoscalers", "configmaps", "secrets"),
    ),
)
PLACES = (
    FleetPlace(),
    ContainersPlace("orlando", "default", POD),
    DetailPlace("orlando", "pods", POD, "default"),
    DetailPlace("orlando", "secrets", "ratings-db", "default", yaml=True),
    LogsPlace(("orlando", "seattle"), "default", "deployment/ratings-web"),
    DoctorPlace(),
    DriftPlace(),
    ForwardsPlace(),
)
EDITOR = """\
#!/bin/sh
sed -i 's/^metadata:/metadata:\\n  generateName: edited-/' "$1"
"""


def all_screens() -> set[type[FramedScreen]]:
    """Every screen there is that an operator of real stamps can come to."""
    for found in pkgutil.walk_packages(screens.__path__, "screens."):
        importlib.import_module(found.name)
    found_classes, left = set(), [FramedScreen]
    while left:
        each = left.pop()
        left += each.__subclasses__()
        if "ACTIONS" in vars(each) and each.__module__.startswith("screens."):
            found_classes.add(each)
    return found_classes - {FramedScreen, FaultsScreen}


async def leave_open(services: Services, change: Change) -> None:
    """Have a console that died leave an operation open: the newest row of the history."""
    here = services.journal.author
    pid, _, rest = here.process.split(":", 2)
    ended = Author(here.person, here.host, f"{pid}:0:{rest}")
    async with SqliteJournal(services.journal.file, SystemClock(), author=ended) as journal:
        await journal.record(LEFT_OPEN, EventKind.INTENT, change.stamp, change_data(change))


@pytest.mark.timeout(400)
async def test_no_key_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor = tmp_path / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    monkeypatch.setenv("KUBE_EDITOR", str(editor))
    with audited_lab("--speed", "3") as (lab, audit):
        monkeypatch.setenv("STAMPDECK_LAB", str(lab.folder))
        # Somebody else's write, so that there is a revision to go back to.
        await asyncio.to_thread(ask_api, "PATCH", WEB, OTHER_REVISION)
        settings = load_settings(str(lab.config))
        app = EditingApp(settings.stamps, lambda: open_services(settings))
        async with app.run_test(size=(100, 30)) as pilot:
            operator = Operator(pilot)
            await operator.until(lambda: app.deck.words.kinds, "the kinds")
            services = app._services
            assert services is not None
            await press_everything(operator, services)
            assert not services.gate.arming.is_armed
            outcomes = [run.status.value.outcome for run in services.runs.all.value]
            assert {(each.result, each.step) for each in outcomes if each} == {(Result.REFUSED, Step.ARMED)}
            events = await services.journal.events()
            left_open = {EventKind.INTENT, EventKind.RECONCILED}
            assert {each.kind for each in events if each.operation != LEFT_OPEN} == {
                EventKind.REFUSED,
                EventKind.FORWARD,
            }
            assert {each.kind for each in events if each.operation == LEFT_OPEN} == left_open
            await pilot.press("ctrl+q")
        audit.expect_read_only()
    assert set(operator.visited) == all_screens(), "say here how to come to every screen"
    writing = {each.id for screen in operator.visited for each in screen.ACTIONS if each.writes}
    writing -= {"job.cancel"}  # asks for the stamp's name itself, and only when armed: the job ran on
    assert writing == {each for each in operator.proposed if each in writing}, "each is proved to come to the gate"


async def press_everything(operator: Operator, services: Services) -> None:
    """Come to every place, and press every key there."""
    for table in TABLES:
        await operator.press_all(table)
    for table in (DEPLOYMENTS, ResourcesPlace("nodes")):
        await operator.press_all(table, marks=2)
    for place in PLACES:
        await operator.press_all(place)
    drains = [run for run in services.runs.all.value if run.change.action == "drain"]
    await operator.press_all(RunPlace(drains[0].number))
    await operator.press_all(StagingPlace(0))
    await operator.press_all(RunsPlace())
    await operator.press_all(EnginePlace())
    # A job of somebody's own, so that there is one to look at.
    await services.jobs["orlando"].submit(JobRequest("upgrade-of-another", "exec sleep 600"))
    await operator.press_all(JobPlace("orlando", "upgrade-of-another", "upgrade"))
    assert (await services.jobs["orlando"].status("upgrade-of-another")).state is JobState.RUNNING
    await leave_open(services, drains[0].change)
    await operator.press_all(HistoryPlace())
    refused = (await services.journal.events())[0]
    await operator.press_all(OperationPlace(refused.number, refused.operation))
