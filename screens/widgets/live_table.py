"""A table of any number of live rows, of which only the visible ones are ever drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.timer import Timer

from backends.model.table import Row, RowBatch, split
from screens.widgets import table_messages
from screens.widgets.columns import ColumnLayout, TableColumn
from screens.widgets.content_size import set_content_size
from screens.widgets.fitting import fit
from screens.widgets.frame_clock import FrameClock
from screens.widgets.lit_cells import LitCells
from screens.widgets.order import RowOrder
from screens.widgets.row_cursor import RowCursor, RowMarks
from screens.widgets.table_navigation import TableNavigation
from screens.widgets.table_painter import GUTTER, RowLook, RowPainter
from screens.widgets.tones import Tones
from screens.widgets.width_meter import WidthMeter

__all__ = ["LiveTable", "TableColumn"]

ROWS_AT_ONCE = 4_000
"""Rows folded in without a pause: about 20 ms of work. Keys are answered before the next ones."""


class LiveTable(TableNavigation, can_focus=True):
    """Rows by uid in a sorted, filtered view; changes come in batches and are drawn once per frame.

    `row_tone` gives one tone for a whole row (rows of a stale stamp are `dim`); it is asked again every
    second. `frame_rate` gives frames per second; without it the app decides (10, fewer on a slow link).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"live-table--{part}"
        for part in (
            *("row", "header", "header-sorted", "cursor", "cursor-blurred", "marked", "changed", "empty"),
            *("good", "warn", "bad", "dim", "accent"),
        )
    }
    DEFAULT_CSS = """
    LiveTable {
        height: 1fr;
        & > .live-table--row { color: $foreground; background: $background; }
        & > .live-table--header { color: $foreground; background: $panel; text-style: bold; }
        & > .live-table--header-sorted { color: $text-accent; background: $panel; text-style: bold underline; }
        & > .live-table--cursor {
            color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
        }
        & > .live-table--cursor-blurred { color: $foreground; background: $surface-lighten-2; }
        &:light > .live-table--cursor-blurred { background: $surface-darken-2; }
        & > .live-table--marked { color: $text-accent; background: $accent-muted; }
        & > .live-table--changed { background: $primary-muted; text-style: bold; }
        & > .live-table--empty { color: $foreground-muted; background: $background; text-style: italic; }
        & > .live-table--good { color: $text-success; }
        & > .live-table--warn { color: $text-warning; }
        & > .live-table--bad { color: $text-error; text-style: bold; }
        & > .live-table--dim { color: $foreground-muted; }
        & > .live-table--accent { color: $text-accent; }
    }
    """

    RowHighlighted = table_messages.RowHighlighted
    RowSelected = table_messages.RowSelected
    CountsChanged = table_messages.CountsChanged
    SortChanged = table_messages.SortChanged

    def __init__(
        self,
        columns: Sequence[TableColumn] = (),
        *,
        row_tone: Callable[[Row], str | None] | None = None,
        frame_rate: Callable[[], float] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: dict[str, Row] = {}
        self._pending: dict[str, Row | None] = {}
        self._lit = LitCells()
        self._dim_timer: Timer | None = None
        self._is_loaded = False
        self._counts = (0, 0, 0)
        self._empty_texts = ("not loaded yet", "nothing here", "nothing matches the filter")
        self._row_tone = row_tone
        self._tones = Tones(self, "live-table")
        self._order = RowOrder(self._rows)
        self._cursor = RowCursor(self._order)
        self._marks = RowMarks(self._order)
        self._clock = FrameClock(self, self._flush, frame_rate)
        self._sort_key = columns[0].key if columns else ""
        self._sort_reverse = False
        self._columns = ColumnLayout(columns)
        self._painter = RowPainter(self._columns, self._tones, row_tone)
        self._meter = WidthMeter(self, self._rows, self._widths_changed)
        self._meter.use(self._columns)
        if columns:
            self._order.set_sort(columns[0].sort_key, False)

    # What screens ask for

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Replace the columns; rows, cursor, marks and (where the key still exists) the sort are kept."""
        self._columns = ColumnLayout(columns)
        self._painter = RowPainter(self._columns, self._tones, self._row_tone)
        self._lit.clear()
        self._meter.use(self._columns)
        kept = next((column for column in columns if column.key == self._sort_key), None)
        first = kept or (columns[0] if columns else None)
        if first is not None:
            self._sort_key = first.key
            self._sort_reverse = self._sort_reverse and kept is not None
            with self._keeping_place():
                self._order.set_sort(first.sort_key, self._sort_reverse)
        self._fit_width()
        self._measure_soon()
        self.refresh()

    def apply(self, batch: RowBatch) -> None:
        """Fold a batch in; it is drawn at the next frame. The first call, even if empty, means "loaded"."""
        if not self._is_loaded:
            self._is_loaded = True
            self.refresh()
        if batch.rows:
            self._pending.update(batch.rows)
            self._clock.request()

    def set_filter(self, accepts: Callable[[Row], bool] | None) -> None:
        """Show only the rows accepted; None shows all."""
        self._fold_pending()
        with self._keeping_place():
            self._order.set_filter(accepts)
        self._scroll_rows(self._cursor.top_showing(self._top, self._line_count))
        self._view_changed()

    def set_sort(self, key: str, reverse: bool = False) -> None:
        """Sort by the column with this key; an unknown key changes nothing."""
        column = next((column for column in self._columns.columns if column.key == key), None)
        if column is None:
            return
        self._fold_pending()
        self._sort_key, self._sort_reverse = key, reverse
        with self._keeping_place():
            self._order.set_sort(column.sort_key, reverse)
        self._view_changed()

    def set_empty_texts(self, *, not_loaded: str, empty: str, no_match: str) -> None:
        """Say what stands in place of rows: before the first batch, without any row, and when the filter hides all."""
        self._empty_texts = (not_loaded, empty, no_match)
        if not len(self._order):
            self.refresh()

    def clear(self) -> None:
        """Forget all rows and marks: "not loaded yet" again."""
        self._pending.clear()
        self._rows.clear()
        self._meter.clear()
        self._lit.clear()
        self._marks.clear()
        self._painter.forget()
        self._is_loaded = False
        self._order.rebuild()
        self._cursor = RowCursor(self._order)
        self._view_changed()

    def move_to(self, uid: str) -> bool:
        """Put the cursor on a row; False when it is not shown."""
        self._fold_pending()
        index = self._order.index_of(uid)
        if index is None:
            return False
        self._move_cursor(index)
        return True

    def clear_marks(self) -> None:
        """Unmark every row."""
        self.action_clear_marks()

    def refresh_tones(self) -> None:
        """Ask `row_tone` again now, not only at the next second."""
        self._tick()

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows.get(self._cursor.uid) if self._cursor.uid is not None else None

    @property
    def marked(self) -> frozenset[str]:
        """The uids of the marked rows."""
        return self._marks.uids

    @property
    def targets(self) -> tuple[Row, ...]:
        """What an action applies to: the marked rows in view order, else the row under the cursor."""
        if len(self._marks):
            return tuple(row for row in self._order if row.uid in self._marks)
        row = self.cursor_row
        return () if row is None else (row,)

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, those out of sight included."""
        return self._columns.columns

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """Every row that passes the filter, in view order."""
        return tuple(self._order)

    @property
    def shown_count(self) -> int:
        """How many rows pass the filter."""
        return len(self._order)

    @property
    def total_count(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def is_busy(self) -> bool:
        """Whether something that was applied is not drawn or measured yet."""
        return bool(self._pending) or self._clock.is_waiting or self._meter.is_busy

    @property
    def sort(self) -> tuple[str, bool]:
        """The key of the column sorted by, and whether it is descending."""
        return self._sort_key, self._sort_reverse

    # Frames

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self._clock.request()
        self.call_after_refresh(self._measure_soon)

    def on_resize(self, event: events.Resize) -> None:
        self._fit_width()
        self._scroll_rows(self._cursor.top_showing(self._top, self._line_count))
        self.refresh()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Fit the columns beside the scroll bar, whose coming and going is no resize."""
        self.call_next(self._fit_width)

    def _fit_width(self) -> None:
        self._columns.set_available(self._line_width - GUTTER)
        self._painter.fill_width = self._line_width
        self._painter.forget()
        self._resize_content()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.forget()
        self._painter.forget()

    def _flush(self) -> None:
        """Draw what changed since the last frame: only lines on the screen whose row or texts differ."""
        before = self._lines_shown()
        changed = self._fold_pending(ROWS_AT_ONCE)
        after = self._lines_shown()
        if len(before) != len(after):
            self.refresh()
        else:
            self._refresh_lines(
                line for line, (old, new) in enumerate(zip(before, after, strict=True)) if old != new or new in changed
            )
        self._tell_counts()
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
        now = time.monotonic()
        for uid in self._lines_shown():
            row, old = pending.get(uid), self._rows.get(uid)
            if row is None or old is None or row is old:
                continue
            before, after = self._painter.texts_shown(old), self._columns.texts(row)
            if self._columns.measure(after):
                self._widths_changed()
            if before is not None:
                differing = {index for index, text in enumerate(after) if text != before[index]}
                self._lit.light(uid, frozenset(differing.difference(self._columns.ticking)), now)
        self._dim_later(now)

    def _dim(self) -> None:
        now = time.monotonic()
        self._dim_timer = None
        self._refresh_rows(self._lit.dim(now))
        self._dim_later(now)

    def _dim_later(self, now: float) -> None:
        wait_s = self._lit.next_in_s(now)
        if wait_s is not None and self._dim_timer is None:
            self._dim_timer = self.set_timer(max(wait_s, self._clock.frame_s), self._dim)

    def _tick(self) -> None:
        """Draw rows again whose age or tone reads differently now."""
        self._painter.next_tick()
        self._refresh_lines(
            line for line, uid in enumerate(self._lines_shown()) if not self._painter.is_current(self._rows[uid])
        )

    # Drawing

    def _measure_soon(self) -> None:
        self._meter.run(self._lines_shown())

    def _widths_changed(self) -> None:
        self._painter.forget()
        self._resize_content()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen: the titles, a row, or what stands in place of rows."""
        width = self._line_width
        if y == 0:
            header = self._painter.paint_header(self._sort_key, self._sort_reverse)
            return self._cut(header, "header", width)
        index = self._top + y - 1
        if index >= len(self._order):
            return self._empty_line(y, width)
        uid = self._order.uid_at(index)
        on = ("cursor" if self.has_focus else "cursor-blurred") if index == self._cursor.index else ""
        look = RowLook(on, uid in self._marks, self._lit.of(uid))
        return self._cut(self._painter.paint(self._rows[uid], look), on or ("marked" if look.marked else "row"), width)

    def _cut(self, strip: Strip, part: str, width: int) -> Strip:
        left = self.scroll_offset.x
        if not left and strip.cell_length == width:
            return strip
        return strip.crop_extend(left, left + width, self._tones.component(part))

    def _empty_line(self, y: int, width: int) -> Strip:
        style = self._tones.component("empty")
        if y != 2 or len(self._order):
            return Strip.blank(width, self._tones.component("row") if len(self._order) else style)
        not_loaded, empty, no_match = self._empty_texts
        text = not_loaded if not self._is_loaded else no_match if self._rows else empty
        return Strip([Segment(fit(f"  {text}", width), style)], width)

    def _view_changed(self) -> None:
        """Draw everything anew after the view itself changed."""
        self._resize_content()
        self.refresh()
        self._tell_counts()

    def _resize_content(self) -> None:
        size = Size(self._columns.total_width + GUTTER, len(self._order) + 1)
        set_content_size(self, size)

    def _lines_shown(self) -> list[str]:
        """The uids of the rows on the screen, from top to bottom."""
        top = self._top
        last = min(top + self._line_count, len(self._order))
        return [self._order.uid_at(index) for index in range(top, last)]

    def _refresh_rows(self, uids: Iterable[str]) -> None:
        wanted = set(uids)
        self._refresh_lines(line for line, uid in enumerate(self._lines_shown()) if uid in wanted)

    def _refresh_lines(self, lines: Iterable[int]) -> None:
        width = self._line_width
        regions = [Region(0, line + 1, width, 1) for line in lines]
        if regions:
            self.refresh(*regions)
