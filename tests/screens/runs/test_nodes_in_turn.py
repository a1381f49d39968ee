"""From the table of nodes: a drain is followed in its cockpit, marked nodes are drained one after another."""

from __future__ import annotations

from screens.gate.dialog import GateDialog
from screens.resources.screen import ResourcesScreen
from screens.runs.screen import RunScreen
from screens.staging.screen import StagingScreen
from tests.screens.stage import ready, shows, until
from tests.screens.writing_stage import WritingStage
from tests.support.fakes import NODE_COLUMNS, a_row
from tests.support.node_objects import a_node


async def test_a_drain_is_followed_from_its_beginning() -> None:
    made = WritingStage("orlando")
    rows = [a_row("orlando", name, "Ready", "agent", "5d", "v1", namespace="") for name in ("n-1", "n-2")]
    made.put_objects("node", NODE_COLUMNS, {"orlando": rows}, a_node("any"))
    async with made.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"nodes", "enter")
        await shows(pilot, "n-2")
        await pilot.press("W", "r")
        await shows(pilot, "drain with:")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the plan")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the cockpit")
        await shows(pilot, "drain node n-1 on orlando", "succeeded", "n-1 is cordoned: no new pod is placed on it")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResourcesScreen), "the nodes again")


async def test_marked_nodes_are_drained_in_turn_each_with_its_own_yes() -> None:
    made = WritingStage("orlando")
    rows = [a_row("orlando", name, "Ready", "agent", "5d", "v1", namespace="") for name in ("n-1", "n-2", "n-3")]
    made.put_objects("node", NODE_COLUMNS, {"orlando": rows}, a_node("any"))
    async with made.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"nodes", "enter")
        await shows(pilot, "n-3")
        await pilot.press("W", "space", "space", "r")
        await shows(pilot, "drain with:")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GateDialog), "the first plan")
        await shows(pilot, "drain node n-1 on orlando", "evicts no pod")
        await until(pilot, lambda: not pilot.app.screen.query_one("#yes").disabled, "a yes")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, StagingScreen), "the nodes in turn")
        await shows(pilot, "drain 2 nodes", "orlando n-1", "n-1 is drained", "orlando n-2", "waiting")
        assert made.writes == {"orlando": ["patch"]}
        await pilot.press("x")
        await shows(pilot, "halted at orlando n-1", "stopped by the operator", "orlando n-2   not begun")
        assert made.writes == {"orlando": ["patch"]}
