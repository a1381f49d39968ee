from __future__ import annotations

from typing import Any

import pytest

from backends.model.proposal import Finding, Level
from screens.gate.dialog import GateDialog
from screens.resources import change_keys
from screens.staging.screen import StagingScreen
from tests.screens.stage import ready, shows, until
from tests.screens.writing_stage import WritingStage
from tests.support.fakes import DEPLOYMENT_COLUMNS, NODE_COLUMNS, a_row

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"spec": {"containers": [{"name": "web", "image": "r/web:v1"}]}},
    },
    "status": {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3},
}
NODE = {"apiVersion": "v1", "kind": "Node", "spec": {"unschedulable": True}, "status": {}}


def stage(*names: str) -> WritingStage:
    made = WritingStage(*names)
    rows = {name: [a_row(name, "web", "3/3", 3, 3, "5d")] for name in made.writers}
    made.put_objects("deployment", DEPLOYMENT_COLUMNS, rows, WEB)
    nodes = {name: [a_row(name, f"node-{name}", "Ready", "agent", "5d", "v1", namespace="")] for name in made.writers}
    made.put_objects("node", NODE_COLUMNS, nodes, NODE)
    return made


async def visit(pilot: Any, command: str, text: str) -> None:
    await ready(pilot)
    await pilot.press("colon", *command, "enter")
    await shows(pilot, text)


async def dialog(pilot: Any) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the dialog")


async def say_yes(pilot: Any) -> None:
    await dialog(pilot)
    await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
    await pilot.press("tab", "enter")


async def test_a_scale_goes_from_the_row_through_the_dialog_to_the_api() -> None:
    made = stage("orlando")
    async with made.run() as pilot:
        await visit(pilot, "deployments", "web")
        await pilot.press("W", "s")
        await until(pilot, lambda: _asks(pilot))
        await pilot.press("backspace", "5", "enter")
        await shows(pilot, "scale deployment/web from 3 to 5", "replicas: 5")
        assert made.writes == {"orlando": []}
        await say_yes(pilot)
        await until(pilot, lambda: made.writes == {"orlando": ["replace"]}, "the write")
        await shows(pilot, "spec.replicas is 5")


async def test_what_is_wrong_in_the_line_is_said_there() -> None:
    made = stage("orlando")
    async with made.run() as pilot:
        await visit(pilot, "deployments", "web")
        await pilot.press("s")
        await until(pilot, lambda: _asks(pilot))
        await pilot.press("x", "enter")
        await shows(pilot, "write a number from 0")


async def test_no_leaves_everything_as_it_is() -> None:
    made = stage("orlando")
    async with made.run() as pilot:
        await visit(pilot, "deployments", "web")
        await pilot.press("W", "r")
        await dialog(pilot)
        await shows(pilot, "restart deployment/web")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, GateDialog))
        assert made.writes == {"orlando": []}
        assert not made.runs.all.value


async def test_on_nodes_the_keys_mean_nodes() -> None:
    made = stage("orlando")
    async with made.run() as pilot:
        await visit(pilot, "nodes", "node-orlando")
        await shows(pilot, "cordon", "drain")
        await pilot.press("W", "u")
        await shows(pilot, "uncordon node node-orlando")
        await say_yes(pilot)
        await until(pilot, lambda: made.writes == {"orlando": ["patch"]}, "the write")


async def test_marks_of_one_stamp_are_one_change() -> None:
    made = WritingStage("orlando")
    rows = {"orlando": [a_row("orlando", name, "3/3", 3, 3, "5d") for name in ("api", "web")]}
    made.put_objects("deployment", DEPLOYMENT_COLUMNS, rows, WEB)
    async with made.run() as pilot:
        await visit(pilot, "deployments", "api")
        await pilot.press("W", "space", "space", "z")
        await shows(pilot, "pause 2 deployments on orlando: api, web")
        await say_yes(pilot)
        await until(pilot, lambda: made.writes == {"orlando": ["patch", "patch"]}, "both writes")


async def test_marks_of_several_stamps_are_changed_in_turn_each_with_its_own_yes() -> None:
    made = stage("orlando", "seattle")
    async with made.run() as pilot:
        await visit(pilot, "deployments", "seattle")
        await pilot.press("W", "space", "space", "z")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the first plan")
        await shows(pilot, "pause the rollout of deployment/web on orlando")
        await say_yes(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, StagingScreen))
        await shows(pilot, "soaking")
        assert made.writes == {"orlando": ["patch"], "seattle": []}
        await pilot.press("x")
        await shows(pilot, "halted", "stopped by the operator", "not begun: seattle")
        assert made.writes == {"orlando": ["patch"], "seattle": []}


async def test_a_refusal_is_shown_with_its_rule() -> None:
    made = stage("orlando")
    made.preconditions.found = (Finding("others-healthy", Level.REFUSE, "seattle: 2 of 3 nodes ready", "seattle"),)
    async with made.run() as pilot:
        await visit(pilot, "deployments", "web")
        await pilot.press("W", "r")
        await shows(pilot, "others-healthy", "2 of 3 nodes ready", "refused by others-healthy")
        assert pilot.app.screen.query_one("#yes").disabled


@pytest.mark.parametrize("kind", ["deployments", "nodes"])
async def test_every_key_that_changes_asks_first_and_writes_nothing_unarmed(kind: str) -> None:
    made = stage("orlando")
    async with made.run() as pilot:
        await visit(pilot, kind, "orlando" if kind == "nodes" else "web")
        for action in change_keys.ACTIONS:
            if action.method == "edit" or kind not in change_keys.KINDS.get(action.method, {kind}):
                continue
            await pilot.press(action.keys)
            await until(pilot, lambda: pilot.app.screen.is_modal or _asks(pilot) or _told(pilot), action.id)
            if _asks(pilot):
                text = {"scale": "2", "autoscale": "min=1 max=4 cpu=80", "set_image": "web=r/web:v2"}
                typed = text.get(action.method, "a=b" if action.method in ("label", "annotate") else "")
                for _ in range(30 if typed else 0):
                    await pilot.press("backspace")
                await pilot.press(*typed, "enter")
                await until(pilot, lambda: pilot.app.screen.is_modal, f"the dialog of {action.id}")
            if pilot.app.screen.is_modal:
                await pilot.press("tab", "right", "enter")
                await until(pilot, lambda: not pilot.app.screen.is_modal, f"the end of {action.id}")
            pilot.app.clear_notifications()
    assert all(not writes for writes in made.writes.values())
    assert not made.runs.all.value


def _asks(pilot: Any) -> bool:
    screen: Any = pilot.app.screen
    return not screen.is_modal and bool(screen.prompt.is_open)


def _told(pilot: Any) -> bool:
    return bool(pilot.app._notifications)
