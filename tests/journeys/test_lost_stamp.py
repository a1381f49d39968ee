from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.journeys.conftest import Lab
from tests.support.tmux import Tmux

pytestmark = [pytest.mark.terminal, pytest.mark.xdist_group("journeys")]
Console = Callable[..., AbstractContextManager[Tmux]]


def blocks(screen: str) -> tuple[str, str]:
    """Return the texts of the two stamps' blocks, which stand side by side; nothing while there are none."""
    lines = screen.splitlines()
    top = next((number for number, line in enumerate(lines) if re.search("[━─] orlando [━─]", line)), None)
    if top is None:
        return "", ""
    middle = max(len(line) for line in lines) // 2
    part = lines[top : top + 14]
    return "\n".join(line[:middle] for line in part), "\n".join(line[middle:] for line in part)


def is_live(block: str) -> bool:
    return "LIVE" in block and bool(re.search(r"nodes +\d+/\d+ ready", block))


@pytest.mark.parametrize("fault", ["api-down", "link-black-hole", "cert-expired", "api-html"])
def test_one_api_lost_and_back(lab: Lab, console: Console, fault: str) -> None:
    with console("--config", str(lab.config)) as terminal:
        terminal.wait_for(lambda screen: all(map(is_live, blocks(screen))))
        lab.run("fault", "orlando", fault)
        began_s = time.monotonic()
        screen = terminal.wait_for(lambda screen: "DOWN" in blocks(screen)[0], timeout_s=12)
        assert time.monotonic() - began_s < 10
        lost, other = blocks(screen)
        assert re.search(r"nodes +\d+/\d+ ready", lost), "the last numbers stay"
        assert is_live(other)

        terminal.type(":")
        terminal.type("pods @all")
        terminal.send("Enter")
        terminal.wait_for(lambda screen: "orlando DOWN" in screen and "seattle LIVE" in screen)
        terminal.wait_for(lambda screen: bool(re.search(r"^ *orlando +\S+ +\S+", screen, re.MULTILINE)))  # rows stay
        terminal.send("Escape")

        lab.run("clear", "orlando")
        began_s = time.monotonic()
        terminal.wait_for(lambda screen: all(map(is_live, blocks(screen))), timeout_s=12)
        assert time.monotonic() - began_s < 10


def test_all_stamps_dead_and_the_exit_key_still_works(lab: Lab, console: Console) -> None:
    with console("--config", str(lab.config)) as terminal:
        terminal.wait_for(lambda screen: all(map(is_live, blocks(screen))))
        lab.run("fault", "all", "link-black-hole")
        terminal.wait_for(lambda screen: all("DOWN" in block for block in blocks(screen)), timeout_s=15)
        terminal.send("q")
        assert terminal.wait_for_exit(5) == 0
        assert not terminal.in_alternate_screen


def test_a_console_started_without_any_stamp_says_so_and_recovers(lab: Lab, console: Console) -> None:
    lab.run("fault", "all", "link-cut")
    with console("--config", str(lab.config), columns=80, rows=24) as terminal:
        terminal.wait_for(lambda screen: screen.count("DOWN") >= 2 and "refused" in screen, timeout_s=20)
        lab.run("clear", "all")
        terminal.wait_for("up on 2 of 2", timeout_s=20)


def test_a_small_terminal_shows_verdict_stamps_and_rows(lab: Lab, console: Console) -> None:
    with console("--config", str(lab.config), columns=80, rows=24) as terminal:
        screen = terminal.wait_for("up on 2 of 2")
        assert "orlando" in screen and "seattle" in screen
        assert max(len(line) for line in screen.splitlines()) <= 80
        terminal.send("a")
        terminal.wait_for(lambda screen: screen.count("Running") > 5)
        terminal.type("/")
        terminal.type("ratings-web")
        terminal.send("Enter")
        screen = terminal.wait_for(lambda screen: "coredns" not in screen and "ratings-web" in screen)
        assert "orlando" in screen and "seattle" in screen
