from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.cells import cell_len

from backends.errors import ConfigurationError
from console.app import StampdeckApp
from screens.fleet.screen import FleetScreen
from screens.help.screen import HelpScreen
from screens.palette import Palette
from screens.places import FleetPlace, ResourcesPlace
from screens.themes import THEMES
from tests.screens.stage import PODS, Stage, StillClock, pod, ready, screen_text, shows, stamp, until
from tests.support.fakes import POD_COLUMNS

HEAVY = ("kubernetes", "aiohttp", "httpx", "azure", "asyncssh", "pydantic", "cryptography", "yaml", "email", "zipfile")


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    code = (
        "import sys\n"
        "from console.app import StampdeckApp\n"
        "import console.wiring\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert not set(HEAVY) & set(ran.stdout.split())


def place_of(app: StampdeckApp) -> Any:
    return app.screen.place  # type: ignore[attr-defined]


async def test_a_slow_link_gets_fewer_frames() -> None:
    stage = Stage()
    object.__setattr__(stage.app.deck, "frame_rate", lambda: 1 / 60)
    async with stage.run() as pilot:
        await pilot.pause()
        screen = stage.app.screen
        assert isinstance(screen, FleetScreen)
        frames: list[float] = []
        screen.draw = lambda: frames.append(0.0)  # type: ignore[method-assign]
        screen._frame_if_due()
        assert not frames
        object.__setattr__(stage.app.deck, "frame_rate", lambda: 10.0)
        await until(pilot, lambda: len(frames) > 2)


async def test_the_skeleton_is_painted_before_the_services_open() -> None:
    @asynccontextmanager
    async def never() -> AsyncIterator[Any]:
        import asyncio

        await asyncio.Event().wait()
        yield None

    app = StampdeckApp((stamp("orlando"), stamp("seattle")), never, clock=StillClock())
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shows(pilot, "orlando", "seattle", "asking 2 stamps")
        await pilot.press("enter")
        await shows(pilot, "opens in a moment")
        assert place_of(app) == FleetPlace()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConfigurationError("kubeconfig not found", why="/x", todo="correct fleet.yaml"), "correct fleet.yaml"),
        (RuntimeError("boom \x1b[2J"), "RuntimeError: boom"),
    ],
)
async def test_a_failure_to_start_is_shown_and_quitting_works(error: Exception, said: str) -> None:
    @asynccontextmanager
    async def failing() -> AsyncIterator[Any]:
        raise error
        yield None

    app = StampdeckApp((stamp("orlando"),), failing, clock=StillClock())
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await shows(pilot, "NOT STARTED", said)
        await pilot.press("q")
        await until(pilot, lambda: app.return_value == 0)


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_quit_works_everywhere_and_closes_the_services(key: str) -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a", "colon", "x")
        await pilot.press(key)
        await pilot.pause()
    assert stage.services.closed


async def test_commands_complete_and_go_anywhere() -> None:
    stage = Stage()
    stage.put("pods", POD_COLUMNS, {"orlando": [pod("orlando", "ratings-web-1")]})
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"dep", "tab")
        await shows(pilot, ": deployments")
        await pilot.press("enter")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("deployments.apps"))
        await pilot.press("colon", *"po @orlando", "enter")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("pods", ("orlando",)))
        assert len(stage.app.screen_stack) == 2, "a command starts anew from home"
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("deployments.apps"))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("pods", ("orlando",)))
        await pilot.press("colon", *"fleet", "enter")
        await until(pilot, lambda: place_of(stage.app) == FleetPlace())
        await pilot.press("colon", "up", "up", "enter")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("pods", ("orlando",)))


async def test_a_wrong_command_is_said_under_the_prompt_and_esc_leaves_it() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", *"pdos", "enter")
        await shows(pilot, "no stamp serves a kind named pdos")
        await pilot.press("escape")
        await until(pilot, lambda: "pdos" not in screen_text(stage.app))
        assert place_of(stage.app) == FleetPlace()


async def test_quit_by_command() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon", "q", "enter")
        await until(pilot, lambda: not stage.app.is_running or stage.app._exit)


async def test_help_lists_effective_keys_with_remaps() -> None:
    stage = Stage(keys={"fleet.nodes": "ctrl+n", "common.help": "f1"})
    async with stage.run(size=(100, 50)) as pilot:
        await ready(pilot)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(stage.app.screen, HelpScreen))
        said = next(each for each in screen_text(stage.app).splitlines() if "the nodes of the chosen stamp" in each)
        assert "^n" in said
        await pilot.press("escape", "ctrl+n")
        await until(pilot, lambda: place_of(stage.app) == ResourcesPlace("nodes", ("orlando",)))


async def test_the_palette_runs_actions_of_the_screen() -> None:
    stage = Stage()
    async with stage.run(size=(100, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(stage.app.screen, Palette))
        assert all(cell_len(each) <= 1 for each in screen_text(stage.app)), "every sign is one cell in every terminal"
        await pilot.press(*"examine")
        await shows(pilot, "Doctor")
        await pilot.press("enter")
        await until(pilot, lambda: place_of(stage.app).crumb == "doctor")


async def test_themes_go_round_and_by_name() -> None:
    stage = Stage(theme="light")
    async with stage.run() as pilot:
        await ready(pilot)
        assert stage.app.theme == "stampdeck-light"
        for theme in (*THEMES[2:], THEMES[0]):
            await pilot.press("T")
            await until(pilot, lambda: stage.app.theme == theme.name)  # noqa: B023 - awaited in the same turn
        await pilot.press("colon", *"theme colour-blind", "enter")
        await until(pilot, lambda: stage.app.theme == "stampdeck-colour-blind")


async def test_keys_typed_ahead_of_the_prompt_are_not_lost() -> None:
    from textual import events

    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        for key, character in (("colon", ":"), ("n", "n"), ("o", "o")):
            stage.app.post_message(events.Key(key, character))
        await shows(pilot, ": no")
        assert place_of(stage.app) == FleetPlace(), "n did not open the nodes"


async def test_a_worker_that_fails_is_shown_and_logged_and_the_application_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()

    class Broken:
        async def kinds(self) -> tuple[Any, ...]:
            return (PODS,)

        async def namespaces(self, stamps: tuple[str, ...] = ()) -> tuple[str, ...]:
            return ("default",)

        def open(self, request: Any) -> Any:
            raise RuntimeError("the roof is on fire")

    stage.services.resources = Broken()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("a")
        await shows(pilot, "the roof is on fire")
        await pilot.press("escape")
        await until(pilot, lambda: place_of(stage.app) == FleetPlace())
    assert any("roof" in record.exc_text for record in caplog.records if record.exc_text)
