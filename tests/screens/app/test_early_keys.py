"""Nothing that is typed is lost: not before the console listens, and not in a burst."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events

from backends.errors import ConfigurationError
from screens.doctor.screen import DoctorScreen
from screens.help.screen import HelpScreen
from screens.places import ResourcesPlace
from screens.resources.screen import ResourcesScreen
from tests.console.files import write_fleet
from tests.screens.stage import Stage, pod, ready, until
from tests.support.fakes import POD_COLUMNS
from tests.support.pty_terminal import PtyTerminal


async def test_a_line_feed_is_enter() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon")
        for key in (*"doctor", "ctrl+j"):
            stage.app.post_message(events.Key(key, key if len(key) == 1 else "\n"))
        await until(pilot, lambda: isinstance(stage.app.screen, DoctorScreen))


def type_burst(stage: Stage, typed: str) -> None:
    """Send all keys before any of them is answered."""
    names = {":": "colon", "/": "slash", "?": "question_mark", "\r": "enter"}
    for character in typed:
        stage.app.post_message(events.Key(names.get(character, character), character))


async def test_commands_in_one_burst_are_obeyed_one_after_another() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        type_burst(stage, ":fleet\r:doctor\r:fleet\r:nodes\r")
        wanted = ResourcesPlace("nodes")
        await until(pilot, lambda: getattr(stage.app.screen, "place", None) == wanted)


async def test_what_is_typed_after_a_place_that_cannot_be_shown_yet_is_for_that_place() -> None:
    stage = Stage()
    stage.put("pods", POD_COLUMNS, {"orlando": [pod("orlando", "web-1"), pod("orlando", "db-1")]})
    gate = asyncio.Event()
    opened = stage.app._open_services

    @asynccontextmanager
    async def open_later() -> AsyncIterator[Any]:
        await gate.wait()
        async with opened() as services:
            yield services

    stage.app._open_services = open_later
    async with stage.run() as pilot:
        await pilot.pause()
        type_burst(stage, ":pods @orlando\r/web\r")
        await until(pilot, lambda: stage.app.holds_keys and not stage.app.screen.has_open_prompt)  # type: ignore[attr-defined]
        gate.set()
        await until(pilot, lambda: isinstance(stage.app.screen, ResourcesScreen))
        screen = stage.app.screen
        assert isinstance(screen, ResourcesScreen)
        await until(pilot, lambda: [row.name for row in screen.table.shown_rows] == ["web-1"])


async def test_when_the_services_cannot_start_the_keys_are_given_back() -> None:
    stage = Stage()

    @asynccontextmanager
    async def never_open() -> AsyncIterator[Any]:
        await gate.wait()
        raise ConfigurationError("the kubeconfig of orlando cannot be read")
        yield

    gate = asyncio.Event()
    stage.app._open_services = never_open
    async with stage.run() as pilot:
        await pilot.pause()
        type_burst(stage, ":po\r?")
        await until(pilot, lambda: stage.app.holds_keys)
        gate.set()
        await until(pilot, lambda: isinstance(stage.app.screen, HelpScreen))


async def test_quitting_is_never_held() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        stage.app.hold_keys("a test")
        stage.app.post_message(events.Key("x", "x"))
        stage.app.post_message(events.Key("ctrl+q", None))
        await until(pilot, lambda: stage.app._exit)


@pytest.mark.terminal
@pytest.mark.parametrize("typed", [":q\r", ":fleet\r:quit\r", ":doctor\r:po\r/web\r:q\r", "q"])
def test_what_is_typed_before_the_first_paint_is_obeyed(tmp_path: Path, typed: str) -> None:
    argv = [sys.executable, "-m", "console", "--config", str(write_fleet(tmp_path))]
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    with PtyTerminal(argv, 100, 30, env={"HOME": str(home)}) as terminal:
        terminal.send(typed)  # Python itself has not started yet: the terminal still makes a line feed of Enter
        assert terminal.wait_exit(30) == 0
