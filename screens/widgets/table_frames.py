"""The part of the table that takes changes in and draws them: once a frame, and only lines that differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual import events
from textual.timer import Timer

from backends.model.table import Row, RowBatch, split
from screens.widgets.columns import TableColumn
from screens.widgets.frame_clock import FrameClock
from screens.widgets.table_navigation import TableNavigation
from screens.widgets.width_meter import WidthMeter

ROWS_AT_ONCE = 2_000
"""Rows folded in without a pause: about 10 ms of work. Keys are answered before the next ones."""


class TableFrames(TableNavigation):
    """Changes wait until the next frame; any number of them to one row are drawn once."""

    def __init__(
        self,
        columns: Sequence[TableColumn],
        row_tone: Callable[[Row], str | None] | None,
        frame_rate: Callable[[], float] | None,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(columns, row_tone, id, classes)
        self._pending: dict[str, Row | None] = {}
        self._time_passed = False
        self._dim_timer: Timer | None = None
        self._clock = FrameClock(self, self._flush, frame_rate)
        self._meter = WidthMeter(self, self._rows, self._widths_changed)
        self._meter.use(self._columns)

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self._clock.request()
        self.call_after_refresh(self._measure_soon)

    def on_resize(self, event: events.Resize) -> None:
        self._fit_width()
        self._scroll_rows(self._cursor.top_showing(self._top, self._line_count))
        self.refresh()

    def apply(self, batch: RowBatch, *, at_once: bool = False) -> None:
        """Fold a batch in; it is drawn at the next frame, or before. The first call, even if empty, means "loaded"."""
        if not self._is_loaded:
            self._is_loaded = True
            self.refresh()
        if batch.rows:
            self._pending.update(batch.rows)
            self._clock.request(more=at_once)

    def _tick(self) -> None:
        """Ages and tones of rows may read differently now: look at the next frame."""
        self._painter.next_tick()
        self._time_passed = True
        self._clock.request()

    def _flush(self) -> None:
        """Draw what differs from the last frame: lines with another row, changed rows, and what time alone changes."""
        before = self._lines_shown()
        changed = self._fold_pending(ROWS_AT_ONCE)
        after = self._lines_shown()
        now = time.monotonic()
        changed.update(self._lit.dim(now))
        if self._time_passed:
            self._time_passed = False
            changed.update(uid for uid in after if not self._painter.is_current(self._rows[uid]))
        if len(before) != len(after):
            self.refresh()
        else:
            self._refresh_lines(
                line for line, (old, new) in enumerate(zip(before, after, strict=True)) if old != new or new in changed
            )
        self._tell_counts()
        self._dim_later(now)
        if self._pending:
            self._clock.request(more=True)

    def _fold_pending(self, most: int | None = None) -> set[str]:
        """Take the waiting batch, or so many rows of it, over into rows and view; return the uids that it changed."""
        if not self._pending:
            return set()
        pending, self._pending = split(self._pending, most)
        self._light_changes(pending)
        gone = []
        for uid, row in pending.items():
            if row is None:
                if self._rows.pop(uid, None) is not None:
                    gone.append(uid)
            else:
                if uid not in self._rows:
                    self._meter.add(uid)
                self._rows[uid] = row
        self._marks.discard(gone)
        with self._keeping_place():
            self._order.update(pending)
        self._measure_soon()
        return set(pending)

    def _light_changes(self, pending: dict[str, Row | None]) -> None:
        """Light the cells on the screen whose text is about to differ."""
        now = time.monotonic()
        for uid in self._lines_shown():
            row, old = pending.get(uid), self._rows.get(uid)
            if row is None or old is None or row is old:
                continue
            before, after = self._painter.texts_shown(old), self._painter.prepare(row)
            if self._columns.measure(after):
                self._widths_changed()
            if before is not None:
                differing = {index for index, text in enumerate(after) if text != before[index]}
                self._lit.light(uid, frozenset(differing.difference(self._columns.ticking)), now)

    def _dim_later(self, now: float) -> None:
        wait_s = self._lit.next_in_s(now)
        if wait_s is not None and self._dim_timer is None:
            self._dim_timer = self.set_timer(max(wait_s, self._clock.frame_s), self._dim)

    def _dim(self) -> None:
        self._dim_timer = None
        self._clock.request()

    def _measure_soon(self) -> None:
        self._meter.run(self._lines_shown())

    def _widths_changed(self) -> None:
        self._painter.forget()
        self._resize_content()
        self.refresh()
