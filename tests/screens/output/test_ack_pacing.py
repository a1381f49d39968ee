"""Frames go out as fast as the terminal takes them and no faster; keys are seen soon on any link."""

from __future__ import annotations

import statistics
import sys
import time
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import pytest
from textual.messages import TerminalSupportsSynchronizedOutput
from textual.strip import Strip

from screens.output import ack_pacing, textual_parts
from screens.output.ack_pacing import QUESTION, AckPacing
from screens.output.textual_parts import why_stock
from tests.support.pty_terminal import Link, PtyTerminal

ARGV = [sys.executable, "-m", "tests.screens.output.demo_app", "--rows", "1000", "--storm", "1000", "--mode", "hot"]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(ack_pacing, "time", made)
    return made


class Paced(AckPacing):
    """An app with a terminal that only notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.stock_reason = ""
        self.sent: list[str] = []
        self._driver: Any = SimpleNamespace(write=self.sent.append, is_inline=False)

    def answer(self) -> None:
        self._on_terminal_supports_synchronized_output(TerminalSupportsSynchronizedOutput())

    @property
    def may_send(self) -> bool:
        return self._may_send_frame()


def test_a_terminal_that_never_answers_is_not_asked_and_not_waited_for(clock: Clock) -> None:
    app = Paced()
    for _ in range(10):
        app._end_update()
    assert app.may_send
    assert QUESTION not in app.sent


def test_no_frame_goes_out_while_two_are_unanswered(clock: Clock) -> None:
    app = Paced()
    app.answer()
    app._end_update()
    assert app.may_send
    app._end_update()
    assert not app.may_send
    clock.now += 0.05
    app.answer()
    assert app.may_send
    assert app.round_trip_s == pytest.approx(0.05)


def test_what_answers_a_key_need_not_wait_for_older_frames(clock: Clock) -> None:
    app = Paced()
    app.answer()
    app._end_update()
    app._end_update()
    assert not app.may_send
    clock.now += 0.01
    app.input_at = clock.now
    assert app.may_send
    clock.now += 0.001
    app._end_update()
    assert not app.may_send, "one frame for a key, however many follow"
    app.input_at = clock.now + 0.01
    assert not app.may_send, "and never more than one beyond the window"


def test_a_slow_link_lowers_the_frame_rate_and_a_fast_one_raises_it_again(clock: Clock) -> None:
    app = Paced()
    app.answer()
    assert app.frame_rate == 10
    for delay, rate in ((0.4, 4), (0.4, 4), *[(0.01, 0)] * 20, (0.01, 10)):
        app._end_update()
        clock.now += delay
        app.answer()
        if rate:
            assert app.frame_rate == rate


def test_lost_answers_delay_frames_and_then_end_the_pacing(clock: Clock) -> None:
    app = Paced()
    app.answer()
    for _ in range(ack_pacing.LOST_BEFORE_OFF):
        app._end_update()
        app._end_update()
        assert not app.may_send
        clock.now += ack_pacing.PATIENCE_S + 0.1
        assert app.may_send
    app.sent.clear()
    app._end_update()
    assert QUESTION not in app.sent
    app.answer()
    app._end_update()
    assert QUESTION in app.sent


def test_the_terminal_of_apple_is_never_asked(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM_PROGRAM", "Apple_Terminal")
    app = Paced()
    app.answer()
    app._end_update()
    assert QUESTION not in app.sent


def test_stock_output_is_chosen_by_variable_version_or_missing_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert textual_parts._version() == version("textual")
    assert why_stock({}) == ""
    assert why_stock({"STAMPDECK_OUTPUT": "stock"}) == "STAMPDECK_OUTPUT=stock"
    with monkeypatch.context() as patch:
        patch.setattr(textual_parts, "_version", lambda: "9.0.1")
        assert "9.0.1 was not tried" in why_stock({})
    with monkeypatch.context() as patch:
        patch.setattr(textual_parts.LayoutUpdate, "__init__", lambda self, other: None)
        assert "LayoutUpdate.__init__" in why_stock({})
    with monkeypatch.context() as patch:
        patch.delattr(Strip, "render_ansi")
        assert "Strip.render_ansi" in why_stock({})


def shows(text: str, terminal: PtyTerminal) -> bool:
    return text in terminal.screen.display[-1]


@pytest.mark.terminal
@pytest.mark.parametrize("answers", [True, False], ids=["answering", "silent"])
def test_keys_are_seen_soon_on_a_slow_link_under_a_storm(answers: bool) -> None:
    link = Link(bandwidth=60_000, rtt=0.06)
    with PtyTerminal(ARGV, 160, 50, link=link, answers=answers) as terminal:
        terminal.wait_for("foot ready", 20)
        time.sleep(1.5)
        took = []
        for number in range(1, 13):
            wanted = f"foot {number} "
            took.append(terminal.measure("\x1b[B", partial(shows, wanted)))
            time.sleep(0.1)
        # Median of stock output here: seconds, growing. The aim of 140 ms is measured by the benchmark.
        assert statistics.median(took) < 0.5
        assert max(took) < 2.0
