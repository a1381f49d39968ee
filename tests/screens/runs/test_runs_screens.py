"""The list of runs and the cockpit of one: what is seen at 80 by 24, and what can be told to a run."""

from __future__ import annotations

import pytest

from backends.model.fleet import Severity
from backends.model.run import ItemState, RunItem, RunLine, RunState
from screens.fleet.screen import FleetScreen
from screens.glyphs import ASCII, UNICODE
from screens.lines import as_text
from screens.runs.rows import counts_text, item_columns, item_rows, log_lines
from tests.operations.node_stage import blocked, item_of
from tests.screens.runs.stage import RunsStage
from tests.screens.stage import screen_text, shows, until


@pytest.fixture
def on() -> RunsStage:
    return RunsStage()


async def test_without_runs_it_says_where_to_look(on: RunsStage) -> None:
    async with on.run() as pilot:
        await on.show_list(pilot)
        await shows(pilot, "nothing was changed since this console was started", "none going on")
        await pilot.press("h")
        await shows(pilot, "history")


async def test_a_run_is_listed_while_it_goes_on_and_after(on: RunsStage) -> None:
    on.nodes.cluster.refusals["web-1"] = [blocked()] * 1_000
    async with on.run() as pilot:
        screen = await on.show_list(pilot)
        run = await on.nodes.start_drain()
        await on.passes(lambda: item_of(run, "default/x2-1")[0] is ItemState.DONE)
        await shows(pilot, "running", "orlando", "drain node node-a", "3 of 4 done, 1 blocked", "1 going on")
        assert "1 run" in screen_text(pilot.app).splitlines()[0]
        run.cancel()
        await on.nodes.ended(run)
        await shows(pilot, "cancelled", "stopped draining node-a", "none going on")
        again = await on.nodes.start_drain()
        await shows(pilot, "running")
        assert [row.uid for row in screen.table.shown_rows] == [str(again.number), str(run.number)]


async def test_the_cockpit_shows_every_pod_with_trouble_first(on: RunsStage) -> None:
    on.nodes.cluster.refusals["web-1"] = [blocked()] * 1_000
    async with on.run((80, 24)) as pilot:
        run = await on.nodes.start_drain()
        await on.passes(lambda: item_of(run, "default/x2-1")[0] is ItemState.DONE)
        screen = await on.show_run(pilot, run)
        await shows(pilot, "drain node node-a on orlando", "step act", "3 of 4 done, 1 blocked", run.operation)
        await shows(pilot, "blocked", "default/web-1", "The disruption budget web", "default/proxy-1", "skipped")
        assert screen.table.shown_rows[0].name == "default/web-1"
        assert screen.table.shown_rows[-1].name == "default/proxy-1"
        await shows(pilot, "node-a is cordoned: no new pod is placed on it", "default/web-1 is blocked: The")
        # What the table cuts is said in full for the part under the cursor.
        await shows(pilot, "default/web-1: The disruption budget web needs 2 healthy pods")
        lines = screen_text(pilot.app).splitlines()
        assert len(lines) == 24 and max(map(len, lines)) <= 80


async def test_it_opens_from_the_list_and_leaving_ends_nothing(on: RunsStage) -> None:
    async with on.run() as pilot:
        await on.show_list(pilot)
        run = await on.nodes.start_drain()
        await shows(pilot, "drain node node-a")
        await pilot.press("enter")
        await shows(pilot, "step ")
        await pilot.press("escape")
        await shows(pilot, "leaving this screen ends none of them")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "home")
        assert (await on.nodes.ended(run)).is_well
        await on.show_list(pilot)
        await shows(pilot, "succeeded", "node-a is drained: 4 of 4")


async def test_a_pause_and_a_stop_are_keys(on: RunsStage) -> None:
    on.nodes.cluster.refusals["web-1"] = [blocked()] * 1_000
    async with on.run((100, 30)) as pilot:
        run = await on.nodes.start_drain()
        await on.show_run(pilot, run)
        await on.passes(lambda: item_of(run, "default/x0-1")[0] is ItemState.DONE)
        await shows(pilot, "pause/resume", "stop")
        await pilot.press("p")
        await on.passes(lambda: run.status.value.state is RunState.PAUSED)
        await shows(pilot, "paused")
        await pilot.press("p")
        await on.passes(lambda: run.status.value.state is RunState.RUNNING)
        await pilot.press("ctrl+x")
        await on.nodes.ended(run)
        await shows(pilot, "cancelled", "not evicted: default/web-1", "the node stays cordoned")
        await until(pilot, lambda: "pause/resume" not in screen_text(pilot.app), "no more pausing")


async def test_uncordon_is_offered_after_a_stop_and_asked_for(on: RunsStage) -> None:
    on.nodes.cluster.refusals["web-1"] = [blocked()] * 1_000
    async with on.run((100, 40)) as pilot:
        run = await on.nodes.start_drain()
        await on.show_run(pilot, run)
        await on.passes(lambda: item_of(run, "default/web-1")[0] is ItemState.BLOCKED)
        assert "uncordon" not in screen_text(pilot.app).splitlines()[-1]
        run.cancel()
        await on.nodes.ended(run)
        await until(pilot, lambda: "u uncordon" in screen_text(pilot.app).splitlines()[-1], "the key")
        await pilot.press("u")
        await shows(pilot, "-  unschedulable: true", "uncordon node-a")
        await pilot.press("tab", "enter")
        await until(pilot, lambda: len(on.nodes.runs.all.value) == 2, "the second run")
        (back,) = (each for each in on.nodes.runs.all.value if each is not run)
        assert (await on.nodes.ended(back)).is_well
        assert "unschedulable" not in on.nodes.cluster.node["spec"]


async def test_a_run_that_is_forgotten_is_said_to_be(on: RunsStage) -> None:
    async with on.run() as pilot:
        run = await on.nodes.start_drain()
        run.number = 99
        screen = await on.show_run(pilot, run)
        run.number = 1
        await shows(pilot, "this run is forgotten; :history has it")
        assert screen.run_shown is None


async def test_the_command_is_copied(on: RunsStage) -> None:
    async with on.run() as pilot:
        run = await on.nodes.start_drain()
        await on.show_run(pilot, run)
        await pilot.press("c")
        await shows(pilot, "copied the command")


async def test_the_lines_can_be_read_with_the_keys(on: RunsStage) -> None:
    async with on.run() as pilot:
        run = await on.nodes.start_drain()
        screen = await on.show_run(pilot, run)
        await on.passes(lambda: run.status.value.items)
        await until(pilot, lambda: screen.table.has_focus, "the parts")
        await pilot.press("tab")
        await until(pilot, lambda: screen.lines.has_focus, "the lines")
        for number in range(50):
            run.say(f"line {number}")
        await shows(pilot, "line 49")
        await pilot.press("g")
        run.say("one more")
        await until(pilot, lambda: screen.lines.scroll_y == 0, "the top")
        await pilot.press("tab")
        await until(pilot, lambda: screen.table.has_focus, "the parts again")


def test_parts_are_counted_and_what_is_left_alone_is_not() -> None:
    items = [RunItem("a", ItemState.DONE), RunItem("b", ItemState.BLOCKED), RunItem("c", ItemState.SKIPPED)]
    assert counts_text(items) == "1 of 2 done, 1 blocked"
    assert counts_text(items[2:]) == ""


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_parts_are_sorted_by_trouble_then_by_their_place(glyphs: object) -> None:
    items = [RunItem(f"{state}-{n}", state, since=10.0) for n in range(2) for state in ItemState]
    rows = item_rows(items, 75.0, glyphs)  # type: ignore[arg-type]
    rank = item_columns()[0].sort_key
    order = [row.name for row in sorted(rows.values(), key=rank)]
    assert order == [
        f"{state}-{n}" for state in ("failed", "blocked", "working", "waiting", "done", "skipped") for n in range(2)
    ]
    assert rows["blocked-0"].cells[1] == "65s" and rows["done-0"].cells[1] == ""


def test_what_was_said_is_broken_to_the_width_and_made_inert() -> None:
    said = [RunLine(0.0, Severity.BAD, "word " * 30), RunLine(1.0, Severity.INFO, "\x1b[31mred")]
    lines = log_lines(said, 3, 40)
    text = as_text(lines)
    assert text.startswith("3 earlier lines are gone") and max(map(len, text.splitlines())) <= 40
    assert "\x1b" not in text
