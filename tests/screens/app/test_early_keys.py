"""Nothing that is typed is lost: not before the console listens, and not in a burst."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual import events

from screens.doctor.screen import DoctorScreen
from tests.console.files import write_fleet
from tests.screens.stage import Stage, ready, until
from tests.support.pty_terminal import PtyTerminal


async def test_a_line_feed_is_enter() -> None:
    stage = Stage()
    async with stage.run() as pilot:
        await ready(pilot)
        await pilot.press("colon")
        for key in (*"doctor", "ctrl+j"):
            stage.app.post_message(events.Key(key, key if len(key) == 1 else "\n"))
        await until(pilot, lambda: isinstance(stage.app.screen, DoctorScreen))


@pytest.mark.terminal
@pytest.mark.parametrize("typed", [":q\r", ":quit\r", "q"])
def test_what_is_typed_before_the_first_paint_is_obeyed(tmp_path: Path, typed: str) -> None:
    argv = [sys.executable, "-m", "console", "--config", str(write_fleet(tmp_path))]
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    with PtyTerminal(argv, 100, 30, env={"HOME": str(home)}) as terminal:
        terminal.send(typed)  # Python itself has not started yet: the terminal still makes a line feed of Enter
        assert terminal.wait_exit(30) == 0
