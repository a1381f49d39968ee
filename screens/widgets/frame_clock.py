"""Draws what changed at most so many times a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

DEFAULT_FPS = 10.0
_BREATH_S = 0.002
"""What is left to keys and other work between two parts of one change."""


class FrameClock:
    """Calls `draw` soon after `request`, at once when the last frame is long ago, never above the frame rate.

    `frame_rate` gives frames per second; without it the app is asked (`app.frame_rate`, see AckPacing).
    """

    def __init__(self, widget: Widget, draw: Callable[[], None], frame_rate: Callable[[], float] | None) -> None:
        self._widget = widget
        self._draw = draw
        self._frame_rate = frame_rate
        self._timer: Timer | None = None
        self._last = 0.0

    @property
    def frame_s(self) -> float:
        """Seconds from one frame to the next."""
        if self._frame_rate is not None:
            return 1 / self._frame_rate()
        return 1 / float(getattr(self._widget.app, "frame_rate", DEFAULT_FPS))

    @property
    def is_waiting(self) -> bool:
        """Whether a frame is asked for and not drawn yet."""
        return self._timer is not None

    def request(self, *, more: bool = False) -> None:
        """Draw at the next frame, or in a moment when there is `more` than the last one took; once, however often."""
        if more and self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._timer is None and self._widget.is_running:
            wait_s = _BREATH_S if more else self._last + self.frame_s - time.monotonic()
            self._timer = self._widget.set_timer(max(0.001, wait_s), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._last = time.monotonic()
        self._draw()
