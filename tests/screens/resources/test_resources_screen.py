from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events

from backends.errors import Unreachable
from backends.model.health import Health
from backends.model.table import Column
from screens.places import ContainersPlace, DetailPlace, LogsPlace, ResourcesPlace
from screens.resources.screen import ResourcesScreen
from tests.screens.stage import NOW, Stage, pod, ready, screen_text, shows, until
from tests.support.fakes import DEPLOYMENT_COLUMNS, POD_COLUMNS, a_row

PODS = {
    "orlando": [pod("orlando", "web-a-1", restarts=3), pod("orlando", "api-a-1", "CrashLoopBackOff", "0/1", 14)],
    "seattle": [pod("seattle", "web-b-1"), pod("seattle", "dns-b-1", namespace="kube-system")],
}


def pods_stage() -> Stage:
    stage = Stage()
    stage.put("pods", POD_COLUMNS, PODS)
    return stage


def screen_of(stage: Stage) -> ResourcesScreen:
    screen = stage.app.screen
    assert isinstance(screen, ResourcesScreen)
    return screen


def place_of(stage: Stage) -> Any:
    return stage.app.screen.place  # type: ignore[attr-defined]


def names(stage: Stage) -> list[str]:
    return [row.name for row in screen_of(stage).table.shown_rows]


async def test_all_stamps_stand_in_one_table() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "STAMP", "NAMESPACE", "all stamps", "● orlando LIVE", "● seattle LIVE", "dns-b-1", "web-a-1")
        assert names(stage) == ["api-a-1", "dns-b-1", "web-a-1", "web-b-1"]


async def test_a_list_that_is_complete_does_not_wait_for_the_next_frame() -> None:
    stage = Stage("orlando")
    reflection = stage.clusters["orlando"].reflection("pods")
    reflection.store.set_columns(POD_COLUMNS)
    object.__setattr__(stage.app.deck, "frame_rate", lambda: 1 / 60)
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(stage.app.screen, ResourcesScreen) and stage.app.screen._view)
        reflection.live(NOW, *PODS["orlando"])
        await shows(pilot, "web-a-1", "api-a-1")


async def test_a_stamp_that_goes_down_keeps_its_rows_and_says_why() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        reflection = stage.clusters["seattle"].reflection("pods")
        reflection.fail(Health.DOWN, "connection refused")
        stage.clock.at = NOW + 30
        await shows(pilot, "✗ seattle DOWN 31s", "connection refused", "web-b-1")
        table = screen_of(stage).table
        dims = {row.stamp: screen_of(stage)._row_tone(row) for row in table.shown_rows}
        assert dims == {"orlando": None, "seattle": "dim"}
        reflection.live(NOW + 31)
        await shows(pilot, "● seattle LIVE")


async def test_a_dead_stamp_that_never_answered_delays_nobody() -> None:
    stage = Stage()
    stage.clusters["orlando"].reflection("pods").store.set_columns(POD_COLUMNS)
    stage.clusters["orlando"].reflection("pods").live(NOW, *PODS["orlando"])
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-a-1", "seattle RETRYING")


async def test_changes_come_by_themselves_and_the_cursor_stays_on_its_object() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("down", "down")
        chosen = screen_of(stage).table.cursor_row
        assert chosen is not None
        store = stage.clusters["orlando"].reflection("pods").store
        store.put(pod("orlando", "aaa-1"))
        store.remove(PODS["orlando"][1].uid)
        await shows(pilot, "aaa-1")
        await until(pilot, lambda: "api-a-1" not in screen_text(stage.app))
        cursor = screen_of(stage).table.cursor_row
        assert cursor is not None
        assert cursor.uid == chosen.uid


async def test_the_filter_works_while_typing_and_says_what_is_wrong() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("slash", *"web")
        await until(pilot, lambda: names(stage) == ["web-a-1", "web-b-1"])
        await shows(pilot, "2 of 4")
        await pilot.press("left_parenthesis")
        await shows(pilot, "not a regular expression")
        assert names(stage) == ["web-a-1", "web-b-1"], "the last filter that could be read stays"
        await pilot.press("backspace", "enter", "escape")
        await until(pilot, lambda: len(names(stage)) == 4)
        await pilot.press("slash", *"restarts>5", "enter")
        await until(pilot, lambda: names(stage) == ["api-a-1"])
        await pilot.press("slash", *"zzz", "escape")
        await until(pilot, lambda: names(stage) == ["api-a-1"])


async def test_sort_keys_sort_by_what_cells_mean() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("R")
        await until(pilot, lambda: names(stage)[:2] == ["api-a-1", "web-a-1"])
        await pilot.press("N")
        await until(pilot, lambda: names(stage) == ["api-a-1", "dns-b-1", "web-a-1", "web-b-1"])
        await pilot.press("N")
        await until(pilot, lambda: names(stage) == ["web-b-1", "web-a-1", "dns-b-1", "api-a-1"])
        await pilot.press("I")
        await until(pilot, lambda: [row.stamp for row in screen_of(stage).table.shown_rows][:2] == ["orlando"] * 2)


async def test_wide_columns_come_and_go() -> None:
    stage = pods_stage()
    async with stage.run((160, 30)) as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        assert "10.0.0.7" not in screen_text(stage.app)
        await pilot.press("w")
        await shows(pilot, "10.0.0.7", "node-of-orlando")
        await pilot.press("w")
        await until(pilot, lambda: "10.0.0.7" not in screen_text(stage.app))


async def test_namespace_keys_ask_the_server_for_one_namespace() -> None:
    stage = pods_stage()
    for cluster in stage.clusters.values():
        for name in ("kube-system", "default"):
            cluster.objects[("namespaces", "", name)] = {"metadata": {"name": name}}
    stage.put("pods", POD_COLUMNS, {"seattle": [PODS["seattle"][1]]}, namespace="kube-system")
    async with stage.run() as pilot:
        await ready(pilot)
        await until(pilot, lambda: stage.app.deck.words.namespaces)
        await pilot.press("a")
        await shows(pilot, "web-b-1", "1 default", "2 kube-system")
        await pilot.press("2")
        await until(pilot, lambda: names(stage) == ["dns-b-1"])
        assert "NAMESPACE" not in screen_text(stage.app)
        await pilot.press("0")
        await until(pilot, lambda: len(names(stage)) == 4)


@pytest.mark.parametrize("width", [80, 100, 120, 160])
async def test_many_namespaces_get_as_many_keys_as_fit(width: int) -> None:
    stage = pods_stage()
    for name in ("kube-system", "default", *(f"team-{number}" for number in range(20))):
        stage.clusters["orlando"].objects[("namespaces", "", name)] = {"metadata": {"name": name}}
    async with stage.run((width, 24)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: stage.app.deck.words.namespaces)
        await pilot.press("a")
        await shows(pilot, "1 default", "2 kube-system", "3 team-0" if width > 80 else "0 all")


async def test_moving_between_namespaces_keeps_the_cursor_and_is_walked_back() -> None:
    stage = pods_stage()
    for name in ("kube-system", "default"):
        stage.clusters["orlando"].objects[("namespaces", "", name)] = {"metadata": {"name": name}}
    stage.put("pods", POD_COLUMNS, {"seattle": [PODS["seattle"][1]]}, namespace="kube-system")
    async with stage.run() as pilot:
        await ready(pilot)
        await until(pilot, lambda: stage.app.deck.words.namespaces)
        await pilot.press("a")
        await shows(pilot, "web-b-1", "2 kube-system")
        await pilot.press("down", "2")
        await until(pilot, lambda: names(stage) == ["dns-b-1"])
        await pilot.press("0")
        await until(pilot, lambda: len(names(stage)) == 4)
        row = screen_of(stage).table.cursor_row
        assert row is not None
        assert row.name == "dns-b-1"
        await pilot.press("[")
        await until(pilot, lambda: names(stage) == ["dns-b-1"])
        assert place_of(stage).namespace == "kube-system"


async def test_enter_drills_from_workload_to_pods_to_containers() -> None:
    stage = pods_stage()
    rows = [a_row("orlando", "web", "1/1", 1, 1, "5d", "web", "img", "app=web")]
    stage.put("deployments.apps", DEPLOYMENT_COLUMNS, {"orlando": rows})
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    }
    for cluster in stage.clusters.values():
        for kind in ("deployments.apps", "deployments", "deployment"):
            cluster.objects[(kind, "default", "web")] = deployment
    stage.put("pods", POD_COLUMNS, {"orlando": PODS["orlando"][:1]}, namespace="default", selector="app=web")
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"deploy", "enter")
        await shows(pilot, "UP-TO-DATE", "1/1")
        await pilot.press("enter")
        wanted = ResourcesPlace("pods", ("orlando",), "default", "app=web", of="deployments/web")
        await until(pilot, lambda: place_of(stage) == wanted)
        await shows(pilot, "web-a-1", "-l app=web", "of deployments/web")
        await pilot.press("enter")
        await until(pilot, lambda: place_of(stage) == ContainersPlace("orlando", "default", "web-a-1"))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: place_of(stage) == ResourcesPlace("deployments.apps"))


async def test_a_drill_that_fails_is_said_and_the_table_stays() -> None:
    stage = pods_stage()
    rows = [a_row("orlando", "web", "1/1", 1, 1, "5d", "web", "img", "app=web")]
    stage.put("deployments.apps", DEPLOYMENT_COLUMNS, {"orlando": rows})
    stage.clusters["orlando"].failing["get"] = Unreachable("reading the object", why="refused", stamp="orlando")
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"deploy", "enter")
        await shows(pilot, "UP-TO-DATE", "1/1")
        await pilot.press("enter")
        await shows(pilot, "refused")
        assert place_of(stage) == ResourcesPlace("deployments.apps")


async def test_row_keys_lead_where_they_say() -> None:
    stage = pods_stage()
    wanted = {
        "d": DetailPlace("orlando", "pods", "api-a-1", "default"),
        "y": DetailPlace("orlando", "pods", "api-a-1", "default", yaml=True),
        "l": LogsPlace(("orlando",), "default", "pod/api-a-1"),
        "p": LogsPlace(("orlando",), "default", "pod/api-a-1", previous=True),
        "J": DetailPlace("orlando", "replicaset", "api-a", "default"),
        "o": ResourcesPlace("nodes", ("orlando",), field_selector="metadata.name=node-of-orlando", of="api-a-1"),
    }
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "api-a-1")
        for key, place in wanted.items():
            await pilot.press(key)
            await until(pilot, lambda place=place: place_of(stage) == place, key)  # type: ignore[misc]
            await pilot.press("escape")
            await until(pilot, lambda: place_of(stage) == ResourcesPlace("pods"), key)


async def test_marks_are_counted_copied_and_cleared_by_esc() -> None:
    stage = pods_stage()
    copied: list[str] = []
    object.__setattr__(stage.app.deck, "copy", copied.append)
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "api-a-1")
        await pilot.press("space", "down", "space")
        await shows(pilot, "2 marked")
        await pilot.press("c")
        await until(pilot, lambda: copied)
        assert len(copied[0].splitlines()) == 2
        await pilot.press("escape")
        await until(pilot, lambda: "marked" not in screen_text(stage.app))
        assert place_of(stage) == ResourcesPlace("pods")


async def test_one_stamp_and_all_stamps_by_a_key() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: names(stage) == ["api-a-1", "web-a-1"])
        assert "STAMP" not in screen_text(stage.app)
        await pilot.press("a")
        await until(pilot, lambda: len(names(stage)) == 4)
        await shows(pilot, "STAMP")


async def test_leaving_drops_the_watches() -> None:
    stage = pods_stage()
    reflection = stage.clusters["orlando"].reflection("pods")
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await until(pilot, lambda: reflection.readers == 1)
        await pilot.press("escape")
        await until(pilot, lambda: reflection.readers == 0)


async def test_narrow_and_tall_terminals_show_names() -> None:
    stage = pods_stage()
    async with stage.run((80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "api-a-1", "CrashLoopBackOff", "0/1")


async def test_the_largest_come_first_and_turning_round_keeps_equal_rows_by_name() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("R")
        await until(pilot, lambda: names(stage) == ["api-a-1", "web-a-1", "dns-b-1", "web-b-1"])
        await pilot.press("R")
        await until(pilot, lambda: names(stage) == ["dns-b-1", "web-b-1", "web-a-1", "api-a-1"])
        await pilot.press("shift+down")
        await until(pilot, lambda: names(stage) == ["api-a-1", "web-a-1", "dns-b-1", "web-b-1"])


async def test_the_rows_shown_are_saved_as_csv() -> None:
    saved: list[tuple[str, list[str]]] = []

    def save(name: str, lines: Any) -> Path:
        saved.append((name, list(lines)))
        return Path("/saved/here.csv")

    stage = pods_stage()
    object.__setattr__(stage.app.deck, "save", save)
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("slash", *"web", "enter", "ctrl+s")
        await shows(pilot, "saved: /saved/here.csv")
    assert saved == [
        (
            "pods-orlando-seattle.csv",
            [
                "STAMP,NAMESPACE,NAME,READY,STATUS,RESTARTS,AGE,CPU,MEMORY",
                "orlando,default,web-a-1,1/1,Running,3,60m,,",
                "seattle,default,web-b-1,1/1,Running,0,60m,,",
            ],
        )
    ]


async def test_kinds_without_a_namespace_do_not_speak_of_one() -> None:
    stage = pods_stage()
    stage.put("nodes", (Column("Name"),), {"orlando": [a_row("orlando", "n-1")]})
    async with stage.run() as pilot:
        await ready(pilot)
        await until(pilot, lambda: stage.app.deck.words.kinds)
        await pilot.press("n")
        await shows(pilot, "n-1")
        assert "all namespaces" not in screen_text(stage.app)


async def test_keys_that_come_in_one_burst_with_enter_are_for_the_table() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        await pilot.press("slash")
        for key in (*"web", "enter", "d"):
            stage.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: isinstance(place_of(stage), DetailPlace))
        await pilot.press("escape")
        await until(pilot, lambda: names(stage) == ["web-a-1", "web-b-1"])


async def test_keys_that_come_in_one_burst_with_a_command_are_for_where_it_leads() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await until(pilot, lambda: stage.app.deck.words.kinds)
        await pilot.press("colon")
        for key in (*"pods", "enter", "slash", *"web-b", "enter"):
            stage.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: isinstance(stage.app.screen, ResourcesScreen) and names(stage) == ["web-b-1"])


async def test_a_filter_that_comes_in_one_burst_with_what_opens_it() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "web-b-1")
        for key in ("slash", *"web-b", "enter", "d"):
            stage.app.post_message(events.Key(key, {"slash": "/"}.get(key, key if len(key) == 1 else None)))
        await until(pilot, lambda: isinstance(place_of(stage), DetailPlace))
        await pilot.press("escape")
        await until(pilot, lambda: names(stage) == ["web-b-1"])


async def test_a_refused_line_takes_the_keys_that_came_with_it() -> None:
    stage = pods_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon")
        for key in (*"nonsense", "enter", "x"):
            stage.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await shows(pilot, ": nonsensex")
