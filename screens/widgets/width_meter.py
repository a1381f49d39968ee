"""Measures the texts of many rows for column widths, in slices that nobody notices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual.widget import Widget

from backends.model.table import Row
from screens.widgets.columns import ColumnLayout

ROWS_PER_SLICE = 300
"""Rows measured at once: about 2 ms."""
PAUSE_S = 0.02


class WidthMeter:
    """Measures rows once each, what is on the screen first; calls `widened` when a column became wider."""

    def __init__(self, widget: Widget, rows: Mapping[str, Row], widened: Callable[[], None]) -> None:
        self._widget = widget
        self._rows = rows
        self._widened = widened
        self._waiting: list[str] = []
        self._layout = ColumnLayout(())
        self.is_busy = False

    def use(self, layout: ColumnLayout) -> None:
        """Measure all rows for these columns."""
        self._layout = layout
        self._waiting = list(self._rows)

    def add(self, uid: str) -> None:
        """Measure a new row some time soon."""
        self._waiting.append(uid)

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def run(self, on_screen: Iterable[str]) -> None:
        """Measure these rows now if any wait, and go on with the others."""
        if self._waiting and self._widget.is_running and not self.is_busy:
            self._measure(on_screen)
            self.is_busy = True
            self._measure_slice()

    def _measure_slice(self) -> None:
        self._measure(self._waiting[:ROWS_PER_SLICE])
        del self._waiting[:ROWS_PER_SLICE]
        if self._waiting:
            self._widget.set_timer(PAUSE_S, self._measure_slice)
        else:
            self.is_busy = False

    def _measure(self, uids: Iterable[str]) -> None:
        grown = False
        for uid in uids:
            row = self._rows.get(uid)
            if row is not None:
                grown |= self._layout.measure(self._layout.texts(row))
        if grown:
            self._widened()
