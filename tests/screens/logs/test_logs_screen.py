from __future__ import annotations

from pathlib import Path
from typing import Any

from backends.clock import SystemClock
from backends.model.logs import LogLine
from screens.logs.rows import prefix_of
from screens.logs.screen import LogsScreen
from screens.places import LogsPlace
from tests.screens.stage import Stage, ready, screen_text, shows, until
from tests.support.fakes import POD_COLUMNS, LogScript, a_row

PLACE = LogsPlace(("orlando",), "default", "deployment/web")


def entry(stamp: str, number: int, text: str = "", pod: str = "web-1") -> LogLine:
    at = 1_790_000_000.0 + number
    return LogLine(at, stamp, "default", pod, "web", text or f"line {number}", f"2026-09-21T13:46:{number % 60:02d}Z")


def logs_stage(*lines: LogLine) -> Stage:
    """Stamps with the deployment `web` of one pod, which has written these lines."""
    stage = Stage(clock=SystemClock())
    for name, cluster in stage.clusters.items():
        cluster.log_scripts[("web-1", "web")] = [LogScript([line for line in lines if line.stamp == name])]
        cluster.objects[("pods", "default", "web-1")] = {"spec": {"containers": [{"name": "web"}]}}
        cluster.objects[("deployment", "default", "web")] = {
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}},
        }
        reflection = cluster.reflection("pods", "default", "app=web")
        reflection.store.set_columns(POD_COLUMNS)
        reflection.live(stage.clock.now(), a_row(name, "web-1", "1/1", "Running", 0, "5d", "", "", uid="web-1"))
    return stage


def screen_of(stage: Stage) -> LogsScreen:
    screen = stage.app.screen
    assert isinstance(screen, LogsScreen)
    return screen


async def test_lines_come_and_are_followed() -> None:
    stage = logs_stage(*(entry("orlando", number) for number in range(100)))
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "line 99", "100 lines", "following", "● orlando LIVE")
        script = stage.clusters["orlando"].log_scripts[("web-1", "web")][0]
        script.feed(entry("orlando", 100, "one more"))
        await shows(pilot, "one more", "101 lines")
        await pilot.press("s")
        await shows(pilot, "paused")
        script.feed(entry("orlando", 101, "while away"))
        await shows(pilot, "+1 new")
        await pilot.press("s")
        await shows(pilot, "while away", "following")


async def test_filter_hides_and_search_keeps_the_lines_around() -> None:
    lines = [entry("orlando", number, f"GET /{'error' if number == 5 else 'ok'} {number}") for number in range(9)]
    stage = logs_stage(*lines)
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "GET /ok 8")
        await pilot.press("backslash", *"error", "enter")
        await shows(pilot, "GET /ok 4", "GET /error 5", "GET /ok 6")
        await pilot.press("escape", "slash", *"error", "enter")
        await shows(pilot, "1 of 9 lines")
        assert "GET /ok" not in screen_text(stage.app)
        await pilot.press("slash", "left_parenthesis")
        await shows(pilot, "GET /error 5")
        await pilot.press("escape", "escape")
        await shows(pilot, "GET /ok 4")


async def test_switches_and_ranges() -> None:
    stage = logs_stage(entry("orlando", 1))
    requests = stage.clusters["orlando"].log_requests
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "line 1")
        assert requests[-1].tail_lines == 500
        await pilot.press("w", "t")
        await shows(pilot, "wrap", "timestamps", "13:46:01")
        await pilot.press("3")
        await until(pilot, lambda: requests[-1].since_s == 300)
        await shows(pilot, "5m")
        await pilot.press("p")
        await until(pilot, lambda: requests[-1].previous)
        await shows(pilot, "previous containers")


async def test_the_same_workload_of_all_stamps_is_merged_by_time() -> None:
    stage = logs_stage(*(entry(("orlando", "seattle")[number % 2], number) for number in range(20)))
    place = LogsPlace(("orlando", "seattle"), "default", "deployment/web")
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(place)
        await shows(pilot, "● orlando LIVE", "● seattle LIVE", "20 lines")
        order = [int(each.rpartition(" ")[2]) for each in screen_of(stage).view.shown_text()]
        assert order == sorted(order)
        await shows(pilot, "orlando line 0", "seattle line 1")
        await pilot.press("A")
        await until(pilot, lambda: screen_of(stage).place.stamps == ("orlando",))
        await pilot.press("A")
        await until(pilot, lambda: screen_of(stage).place.stamps == ("orlando", "seattle"))


async def test_a_pod_cannot_be_merged_over_stamps() -> None:
    stage = logs_stage()
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(LogsPlace(("orlando",), "default", "pod/web-1"))
        await until(pilot, lambda: isinstance(stage.app.screen, LogsScreen))
        await pilot.press("A")
        await shows(pilot, "a pod is on one stamp only")


async def test_saving_writes_what_is_shown_for_the_operator_alone() -> None:
    saved: list[tuple[str, list[str]]] = []

    def save(name: str, lines: Any) -> Path:
        saved.append((name, list(lines)))
        return Path("/saved/here.txt")

    stage = logs_stage(entry("orlando", 1), entry("orlando", 2))
    object.__setattr__(stage.app.deck, "save", save)
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.go(PLACE)
        await shows(pilot, "line 2")
        await pilot.press("slash", "2", "enter", "ctrl+s")
        await shows(pilot, "saved: /saved/here.txt")
        assert saved == [("orlando-deployment-web", ["line 2"])]


def test_prefixes_are_no_longer_than_needed() -> None:
    one = entry("orlando", 1, pod="web-7f9c-abc")
    assert prefix_of(("orlando",), {("orlando", "web-7f9c-abc", "web")}) is None
    two = {("orlando", "web-7f9c-abc", "web"), ("orlando", "web-7f9c-xyz", "web")}
    tails = prefix_of(("orlando",), two)
    assert tails is not None
    assert tails(one)[0] == "abc"
    stamps = prefix_of(("orlando", "sea"), {*two, ("sea", "web-7f9c-abc", "sidecar")})
    assert stamps is not None
    assert stamps(one)[0] == "orlando abc web"
    clash = prefix_of(("orlando",), {("orlando", "a-0", "x"), ("orlando", "b-0", "x")})
    assert clash is not None
    assert clash(entry("orlando", 1, pod="a-0"))[0] == "a-0"
