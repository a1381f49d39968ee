from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.journeys.conftest import STAMPDECK, Lab
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.terminal, pytest.mark.xdist_group("journeys")]
Console = Callable[..., AbstractContextManager[Tmux]]


def console_process(terminal: Tmux) -> int:
    """Return the process of the console: the child of the window's shell."""
    shell = terminal.process_id
    return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_console_and_gives_the_terminal_back(
    lab: Lab, console: Console, number: signal.Signals, code: int
) -> None:
    with console("--config", str(lab.config)) as terminal:
        terminal.wait_for("up on 2 of 2")
        assert terminal.in_alternate_screen
        os.kill(console_process(terminal), number)
        assert terminal.wait_for_exit() == code
        assert not terminal.in_alternate_screen
        assert "Traceback" not in terminal.screen


def test_from_a_workload_to_the_lines_its_containers_write(lab: Lab, console: Console) -> None:
    with console("--config", str(lab.config), "-c", "deploy default") as terminal:
        terminal.wait_for(lambda screen: screen.count("ratings-web") >= 2)
        terminal.type("/")
        terminal.type("ratings-web")
        terminal.send("Enter")
        terminal.wait_for(lambda screen: "ratings-api" not in screen)
        terminal.send("l")
        terminal.wait_for(lambda screen: screen.count("GET /") > 5)
        terminal.send("Escape")
        terminal.wait_for("UP-TO-DATE")
        terminal.send("y")
        terminal.wait_for("apiVersion: apps/v1")
        terminal.send("Escape")
        terminal.wait_for("UP-TO-DATE")
        terminal.send("d")
        terminal.wait_for(lambda screen: "Conditions" in screen or "conditions" in screen)


def test_a_resized_window_is_drawn_anew(lab: Lab, console: Console) -> None:
    with console("--config", str(lab.config)) as terminal:
        terminal.wait_for("up on 2 of 2")
        terminal.resize(80, 24)
        terminal.wait_for(lambda screen: "up on 2 of 2" in screen and len(screen.splitlines()) <= 24)
        terminal.resize(160, 50)
        terminal.wait_for(lambda screen: "timeline" in screen and max(map(len, screen.splitlines())) > 120)


def test_without_a_terminal_the_console_does_not_start(lab: Lab) -> None:
    done = subprocess.run(
        [STAMPDECK, "--config", str(lab.config)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 2
    assert "stampdeck status" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
