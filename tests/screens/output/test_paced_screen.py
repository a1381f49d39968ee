"""What a key does is painted at once; what comes by itself is gathered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from screens.output import paced_screen
from screens.output.diff_output import DiffOutput
from screens.output.paced_screen import PacedScreen

NEVER_S = 3600.0


class Board(PacedScreen):
    """Three texts and how often they were painted."""

    BINDINGS: ClassVar[list[BindingType]] = [("x", "mark")]
    paints = 0

    def compose(self) -> ComposeResult:
        for name in ("one", "two", "three"):
            yield Static("", id=name)

    def say(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Static).update(text, layout=False)

    def action_mark(self) -> None:
        self.say("one", "marked")

    def _compositor_refresh(self) -> None:
        self.paints += 1
        super()._compositor_refresh()

    @property
    def is_painted(self) -> bool:
        """Whether nothing new waits for a paint."""
        return not self._is_to_paint


class BoardApp(DiffOutput):
    stock_reason = ""

    def get_default_screen(self) -> Board:
        return Board()

    @property
    def board(self) -> Board:
        assert isinstance(self.screen, Board)
        return self.screen


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 8
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        await asyncio.sleep(0.002)


async def test_what_comes_a_moment_apart_is_painted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    app = BoardApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        monkeypatch.setattr(paced_screen, "GATHER_S", 1.0)
        before = app.board.paints
        for name in ("one", "two", "three"):
            app.board.say(name, "changed")
            for _ in range(20):  # long enough for each to reach the screen by itself
                await asyncio.sleep(0)
        await until(lambda: app.board.paints > before, "a paint")
        assert app.board.is_painted
        assert app.board.paints == before + 1


async def test_the_effect_of_a_key_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = BoardApp()
    async with app.run_test() as pilot:
        await pilot.pause()
        monkeypatch.setattr(paced_screen, "GATHER_S", NEVER_S)
        before = app.board.paints
        app.post_message(events.Key("x", "x"))
        await until(lambda: app.board.paints > before and app.board.is_painted, "the paint of a key's effect")
        assert str(app.board.query_one("#one", Static).render()) == "marked"


async def test_stock_output_paints_as_it_always_did(monkeypatch: pytest.MonkeyPatch) -> None:
    app = BoardApp()
    app.stock_reason = "STAMPDECK_OUTPUT=stock"
    async with app.run_test() as pilot:
        await pilot.pause()
        monkeypatch.setattr(paced_screen, "GATHER_S", NEVER_S)
        before = app.board.paints
        app.board.say("one", "changed")
        await until(lambda: app.board.paints > before, "a paint of Textual's own timer")
        assert app.board._planned is None


async def test_a_paint_that_fails_ends_the_application_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    app = BoardApp()

    def fail() -> None:
        raise RuntimeError("cannot be painted")

    with pytest.raises(RuntimeError, match="cannot be painted"):
        async with app.run_test() as pilot:
            await pilot.pause()
            monkeypatch.setattr(app.board, "_on_timer_update", fail)
            app.board.say("one", "changed")
            await until(lambda: not app.is_running, "the end")
