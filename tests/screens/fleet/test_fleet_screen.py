from __future__ import annotations

import pytest

from backends.model.health import Health, SourceState
from screens.fleet.board import Board
from screens.fleet.timeline import TimelineView
from screens.places import DoctorPlace, FaultsPlace, ResourcesPlace
from tests.screens.stage import NOW, Stage, down_stamp, entries, fleet_of, live_stamp, ready, screen_text, shows, until


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_stamps_verdict_and_timeline_are_seen(size: tuple[int, int]) -> None:
    stage = Stage()
    stage.fleet.state.set(fleet_of(live_stamp("orlando"), down_stamp("seattle")))
    stage.fleet.timeline.extend(entries(8))
    async with stage.run(size=size) as pilot:
        await ready(pilot)
        await shows(
            pilot, "up on 1 of 2 stamps", "● LIVE", "✗ DOWN", "for 41s", "next try in 3s", "8 entries", "NotReady"
        )
        assert all(len(each) <= size[0] for each in screen_text(stage.app).splitlines())


async def test_a_stamp_that_comes_back_is_live_without_a_key() -> None:
    stage = Stage()
    stage.fleet.state.set(fleet_of(live_stamp("orlando"), down_stamp("seattle")))
    async with stage.run(size=(120, 36)) as pilot:
        await shows(pilot, "✗ DOWN")
        stage.fleet.state.set(fleet_of(live_stamp("orlando"), live_stamp("seattle")))
        await shows(pilot, "up on 2 of 2 stamps")
        assert "DOWN" not in screen_text(stage.app)


async def test_keys_choose_a_stamp_and_open_its_resources() -> None:
    stage = Stage()
    async with stage.run(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("right")
        assert stage.app.screen.query_one(Board).chosen_name == "seattle"
        await pilot.press("right")
        assert stage.app.screen.query_one(Board).chosen_name == "orlando"
        await pilot.press("l", "n")
        await until(pilot, lambda: stage.app.screen.place == ResourcesPlace("nodes", ("seattle",)))  # type: ignore[attr-defined]
        await pilot.press("escape", "enter")
        await until(pilot, lambda: stage.app.screen.place == ResourcesPlace("pods", ("seattle",)))  # type: ignore[attr-defined]
        await pilot.press("q", "a")
        await until(pilot, lambda: stage.app.screen.place == ResourcesPlace("pods"))  # type: ignore[attr-defined]


async def test_try_now_asks_every_source() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("r")
        assert stage.fleet.refreshed == [None]


async def test_many_stamps_become_lines_and_can_be_chosen() -> None:
    names = tuple(f"stamp-{number}" for number in range(1, 9))
    stage = Stage(*names)
    async with stage.run(size=(80, 24)) as pilot:
        await ready(pilot)
        await shows(pilot, "STAMP", *names, "8 of 8 LIVE")
        await pilot.press("down", "down")
        await shows(pilot, "› stamp-3")


async def test_the_timeline_follows_until_scrolled_and_again_at_the_end() -> None:
    stage = Stage()
    stage.fleet.timeline.extend(entries(60))
    async with stage.run(size=(80, 24)) as pilot:
        await ready(pilot)
        timeline = stage.app.screen.query_one(TimelineView)
        await until(pilot, lambda: timeline.max_scroll_y > 0 and timeline.scroll_y == timeline.max_scroll_y)
        await pilot.press("pageup")
        await shows(pilot, "paused")
        place = timeline.scroll_y
        stage.fleet.timeline.extend(entries(5))
        await shows(pilot, "65 entries")
        assert timeline.scroll_y == place
        await pilot.press("end")
        await shows(pilot, "following")
        assert timeline.scroll_y == timeline.max_scroll_y


async def test_faults_are_a_key_of_the_demo_only() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("F")
        await pilot.pause()
        assert not isinstance(stage.app.screen.place, FaultsPlace)  # type: ignore[attr-defined]
        assert "faults" not in screen_text(stage.app)
        await pilot.press("D")
        await until(pilot, lambda: isinstance(stage.app.screen.place, DoctorPlace))  # type: ignore[attr-defined]


async def test_ages_pass_though_nothing_comes_in() -> None:
    stage = Stage()
    async with stage.run(size=(120, 36)) as pilot:
        await shows(pilot, "confirmed 2s ago")
        stage.clock.at = NOW + 60
        await shows(pilot, "confirmed 62s ago")


async def test_state_is_never_told_by_colour_alone() -> None:
    stage = Stage(ascii_only=True)
    locked = SourceState(Health.UNAUTHORIZED, "token refused", "renew the token", NOW, NOW, NOW + 5)
    stage.fleet.state.set(fleet_of(live_stamp("orlando"), live_stamp("seattle", api=locked)))
    async with stage.run(size=(120, 36)) as pilot:
        await shows(pilot, "* LIVE", "! UNAUTHORIZED", "token refused")
