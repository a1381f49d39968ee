"""Paints no faster than the terminal takes frames.

After each frame the terminal is asked for the state of DEC mode 2026, a question Textual asks too and whose
answer it understands. The answer comes after the frame was read, so that it tells how far the terminal is:
while too many are missing no frame is written, and a slow link gets fewer frames instead of later ones.
"""

from __future__ import annotations

import os
import time
from collections import deque

from textual import events
from textual.messages import TerminalSupportsSynchronizedOutput

from screens.output.diff_output import DiffOutput

WINDOW = 2
"""Frames on their way at once: with one, every frame would wait a whole round trip. One more may answer a key."""
SLOW_ABOVE_S, FAST_BELOW_S = 0.150, 0.100
FAST_FPS, SLOW_FPS = 10.0, 4.0
PATIENCE_S = 1.5
"""An answer that takes this long (and four usual round trips) is taken as lost."""
LOST_BEFORE_OFF = 3
"""After so many lost answers in a row the terminal is taken as one that does not answer."""
QUESTION = "\x1b[?2026$p"


class AckPacing(DiffOutput):
    """Mixin for an App, first in the bases. Off until the terminal answered once, and for terminals that never do."""

    round_trip_s: float | None = None
    """Smoothed time from a frame to its answer, in seconds."""
    _framed_at: float = 0.0
    """When the newest frame was written."""
    _answering: bool = False
    _lost_in_a_row: int = 0
    _slow: bool = False

    @property
    def frame_rate(self) -> float:
        """Frames per second that widgets should draw at most: 10, on a slow link 4."""
        return SLOW_FPS if self._slow else FAST_FPS

    @property
    def _unanswered(self) -> deque[float]:
        """When the frames still on their way were written."""
        found: deque[float] | None = self.__dict__.get("_unanswered_frames")
        if found is None:
            found = self.__dict__["_unanswered_frames"] = deque()
        return found

    def _may_send_frame(self) -> bool:
        self._forget_lost_answers()
        answers_key = self.input_at > self._framed_at
        return len(self._unanswered) < WINDOW + answers_key and super()._may_send_frame()

    def _end_update(self) -> None:
        super()._end_update()
        self._framed_at = time.monotonic()
        # Apple's Terminal prints the last letter of the question instead of answering it.
        if self._answering and self._driver is not None and os.environ.get("TERM_PROGRAM") != "Apple_Terminal":
            self._driver.write(QUESTION)
            self._unanswered.append(self._framed_at)

    def _on_terminal_supports_synchronized_output(self, message: TerminalSupportsSynchronizedOutput) -> None:
        """Note an answer; Textual's own handler of the message runs too."""
        self._answering = not self.stock_reason
        self._lost_in_a_row = 0
        if self._unanswered:
            self._measure(time.monotonic() - self._unanswered.popleft())
        self._send_frame()

    def _measure(self, took_s: float) -> None:
        usual = self.round_trip_s
        self.round_trip_s = took_s if usual is None else usual + (took_s - usual) * 0.2
        self._slow = self.round_trip_s > (FAST_BELOW_S if self._slow else SLOW_ABOVE_S)

    def _forget_lost_answers(self) -> None:
        patience_s = max(PATIENCE_S, 4 * (self.round_trip_s or 0))
        waiting = self._unanswered
        if not waiting or time.monotonic() - waiting[0] < patience_s:
            return
        waiting.clear()
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= LOST_BEFORE_OFF:
            self._answering = False

    def _on_resize(self, event: events.Resize) -> None:  # type: ignore[override]
        """Expect no answers of a terminal that was left or exchanged; DiffOutput's handler runs too."""
        self._unanswered.clear()
