"""Changed-cells output must show exactly what Textual's own output shows, in far fewer bytes."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import pytest

from tests.screens.output.seen import screen_as_seen
from tests.support.pty_terminal import PtyTerminal

ARGV = [sys.executable, "-m", "tests.screens.output.demo_app", "--rows", "400"]
DOWN, UP, PAGE_DOWN, PAGE_UP, RIGHT = "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b[5~", "\x1b[C"
HOME, END = "\x1b[H", "\x1b[F"
RESIZES = {"narrow": (80, 24), "wide": (132, 36), "back": (110, 30)}
SCRIPT = [
    *[DOWN] * 3, *[PAGE_DOWN] * 2, *[DOWN] * 32, *[UP] * 34, PAGE_DOWN, PAGE_UP, END, *[UP] * 4, HOME,
    "m", DOWN, "m", "f", *[DOWN] * 2, " ", "f", "s", *[DOWN] * 3, "s", "x", DOWN, "x",
    "narrow", RIGHT, RIGHT, *[DOWN] * 3, "m", "wide", "m", DOWN, "back", *[DOWN] * 2, " ", " ", "r", "r", "\t", "x",
    "s",
]  # fmt: skip
"""Keys, and resizes by name; each is one frame to compare."""


def start(output: str) -> PtyTerminal:
    terminal = PtyTerminal(ARGV, 110, 30, env={"STAMPDECK_OUTPUT": output})
    terminal.wait_for("ratings-api-00001")
    terminal.wait_for("foot ready")
    return terminal


def wait_equal(own: PtyTerminal, stock: PtyTerminal, step: int) -> Any:
    """Wait until both show the same screen, which they reach each at its own time; return it."""
    deadline = time.monotonic() + 5
    while True:
        mine, theirs = screen_as_seen(own.cells()), screen_as_seen(stock.cells())
        if mine == theirs:
            return mine
        if time.monotonic() > deadline:
            differing = [
                (y, x, mine[y][x], theirs[y][x])
                for y in range(len(mine))
                for x in range(len(mine[y]))
                if mine[y][x] != theirs[y][x]
            ]
            raise AssertionError(f"step {step} {SCRIPT[step]!r}: {differing[:4]}\n{own.text}\n{stock.text}")
        time.sleep(0.01)


@pytest.mark.terminal
def test_every_frame_is_the_same_and_most_bytes_are_saved() -> None:
    keys = 0
    screens = []
    with start("cells") as own, start("stock") as stock:
        for number, step in enumerate(SCRIPT):
            for terminal in (own, stock):
                if step in RESIZES:
                    terminal.resize(*RESIZES[step])
                else:
                    terminal.send(step)
            if step in RESIZES:
                for terminal in (own, stock):
                    terminal.wait_quiet(0.15)
            else:
                keys += 1
                for terminal in (own, stock):
                    terminal.wait_for(f"foot {keys} ")
            screens.append(wait_equal(own, stock, number))
        for terminal in (own, stock):
            terminal.send("q")
            assert terminal.wait_exit() == 0
        saved = stock.bytes_received / own.bytes_received
    assert len(screens) > 100
    assert len({str(screen) for screen in screens}) > 90  # the script really changes the screen
    assert saved > 3
    print(
        f"{len(screens)} frames equal; {own.bytes_received:,} bytes instead of {stock.bytes_received:,} ({saved:.1f}x)"
    )


@pytest.mark.terminal
def test_a_failure_falls_back_to_the_stock_output() -> None:
    with PtyTerminal(ARGV, 110, 30) as terminal:
        terminal.wait_for("ratings-api-00001")
        terminal.send("!")
        terminal.wait_quiet()
        terminal.send(DOWN)
        terminal.wait_for("foot 2 down")
        assert "ratings-api-00001" in terminal.text
        terminal.send("q")
        assert terminal.wait_exit() == 0


@pytest.mark.terminal
def test_the_screen_comes_back_after_suspending() -> None:
    with PtyTerminal(ARGV, 110, 30) as terminal:
        terminal.wait_for("ratings-api-00001")
        terminal.send(DOWN)
        terminal.wait_for("foot 1 down")  # the first paint is before the last layout
        terminal.wait_quiet(0.4)
        before = terminal.text
        os.kill(terminal.process.pid, signal.SIGTSTP)
        terminal.wait_for(lambda seen: 1049 not in seen.modes)
        terminal.wait_stopped()  # as a shell does: a continue that comes before the stop is lost
        terminal.wait_quiet()
        with terminal.lock:
            terminal.screen.reset()
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.wait_for(lambda seen: 1049 in seen.modes)
        terminal.wait_for(lambda seen: seen.text == before)
        terminal.wait_quiet()
        assert terminal.text == before
