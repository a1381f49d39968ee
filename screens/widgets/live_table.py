"""A table of any number of live rows, of which only the visible ones are ever drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backends.model.table import Row
from screens.widgets import table_messages
from screens.widgets.columns import ColumnLayout, TableColumn
from screens.widgets.row_cursor import RowCursor
from screens.widgets.table_frames import TableFrames
from screens.widgets.table_painter import RowPainter

__all__ = ["LiveTable", "TableColumn"]


class LiveTable(TableFrames, can_focus=True):
    """Rows by uid in a sorted, filtered view; changes come in batches (`apply`) and are drawn once per frame.

    `row_tone` gives one tone for a whole row (rows of a stale stamp are `dim`); it is asked again every
    second. `frame_rate` gives frames per second; without it the app decides (10, fewer on a slow link).
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
        super().__init__(columns, row_tone, frame_rate, id, classes)
        if columns:
            self._order.set_sort(columns[0].sort_key, False)

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

    def _view_changed(self) -> None:
        """Draw everything anew after the view itself changed."""
        self._resize_content()
        self.refresh()
        self._tell_counts()
