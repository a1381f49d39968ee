"""A screen that paints what a key changed at once, and gathers everything else into few paints.

Textual paints up to 60 times a second, each time some widget has something new: under a storm the table, the
lines above it and the clock come a millisecond apart, and each alone costs as much as all of them together.
"""

from __future__ import annotations

import asyncio
import time

from textual import events
from textual.screen import Screen

GATHER_S = 0.012
"""How long the first thing to paint waits for others, unless it follows a key."""
ECHO_S = 0.25
"""For so long after a key it is waited for what it leads to."""
AT_ONCE = 2
"""Paints after a key that wait for nothing: what the first one shows may have been on its way before the key was."""


class PacedScreen(Screen[None]):
    """Decides when to paint; what and how is Textual's, and all of it where the app uses stock output.

    The app tells when the last key came: `input_at`, see DiffOutput.
    """

    _answered = 0.0
    _paints_since_input = 0
    _planned: asyncio.TimerHandle | None = None

    async def _on_idle(self, event: events.Idle) -> None:
        if getattr(self.app, "stock_reason", "") or self.app._batch_count or not self.is_current:
            return
        if self._is_to_paint:
            event.prevent_default()
            self._paint_when_due()

    @property
    def _is_to_paint(self) -> bool:
        """Whether something may look different."""
        return bool(
            self._layout_required
            or self._scroll_required
            or self._repaint_required
            or self._recompose_required
            or self._dirty_widgets
        )

    def _paint_when_due(self) -> None:
        now = time.monotonic()
        input_at = float(getattr(self.app, "input_at", 0.0))
        if input_at != self._answered:
            self._answered, self._paints_since_input = input_at, 0
        if self._paints_since_input < AT_ONCE and now - input_at < ECHO_S:
            self._paint()
        elif self._planned is None:
            self._planned = asyncio.get_running_loop().call_later(GATHER_S, self._paint_as_planned)

    def _paint_as_planned(self) -> None:
        self._planned = None
        if not self.is_running:
            return
        try:
            self._paint()
        except Exception as error:  # a callback of the loop has nobody above it who would tell
            self.app._handle_exception(error)

    def _paint(self) -> None:
        if self._planned is not None:
            self._planned.cancel()
            self._planned = None
        self._paints_since_input += 1
        self._on_timer_update()
