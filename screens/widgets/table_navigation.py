"""Moving about in a table, marking and sorting: the keys that fingers know from other consoles, and the mouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region

from screens.widgets import table_messages
from screens.widgets.table_painter import GUTTER
from screens.widgets.table_surface import TableSurface

if TYPE_CHECKING:
    from screens.widgets.live_table import LiveTable

HORIZONTAL_STEP = 8
TO_THE_END = 1 << 40


class TableNavigation(TableSurface):
    """The part of LiveTable that answers to keys and mouse; the first line of the widget holds the titles."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move_cursor(1)", "Down", show=False),
        Binding("up,k", "move_cursor(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f", "move_page(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "move_page(-1)", "Page up", show=False),
        Binding("home,g", f"move_cursor(-{TO_THE_END})", "Top", show=False),
        Binding("end,G,shift+g", f"move_cursor({TO_THE_END})", "Bottom", show=False),
        Binding("right", f"scroll_columns({HORIZONTAL_STEP})", "Columns right", show=False),
        Binding("left", f"scroll_columns(-{HORIZONTAL_STEP})", "Columns left", show=False),
        Binding("shift+right", "sort_by_next(1)", "Sort by next column", show=False),
        Binding("shift+left", "sort_by_next(-1)", "Sort by previous column", show=False),
        Binding("shift+up", "sort_direction(False)", "Sort ascending", show=False),
        Binding("shift+down", "sort_direction(True)", "Sort descending", show=False),
        Binding("space", "toggle_mark", "Mark", show=False),
        Binding("ctrl+@,ctrl+space", "mark_range", "Mark range", show=False),
        Binding("ctrl+backslash", "clear_marks", "Clear marks", show=False),
        Binding("enter", "select_row", "Select", show=False),
    ]

    _counts_told = (0, 0, 0)

    # Keys

    def action_move_cursor(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._move_cursor(self._cursor.index + rows)

    def action_move_page(self, pages: int) -> None:
        """Move the cursor and the view by so many screens."""
        lines = max(1, self._line_count - 1) * pages
        self._scroll_rows(self._top + lines)
        self._move_cursor(self._cursor.index + lines)

    def action_scroll_columns(self, cells: int) -> None:
        """Move the columns under the screen."""
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False, force=True)

    def action_sort_by_next(self, step: int) -> None:
        """Sort by the neighbour of the column sorted by."""
        keys = [column.key for column in self._columns.columns]
        if keys:
            at = keys.index(self._sort_key) if self._sort_key in keys else 0
            self._choose_sort(keys[max(0, min(len(keys) - 1, at + step))], self._sort_reverse)

    def action_sort_direction(self, reverse: bool) -> None:
        """Sort the same column ascending or descending."""
        self._choose_sort(self._sort_key, reverse)

    def action_toggle_mark(self) -> None:
        """Mark or unmark the row under the cursor and go to the next."""
        if self._cursor.uid is not None:
            self._marks.toggle(self._cursor.uid)
            self._refresh_cursor_line()
            self._tell_counts()
            self._move_cursor(self._cursor.index + 1)

    def action_mark_range(self) -> None:
        """Mark everything from the row marked last to the cursor."""
        if self._cursor.uid is not None:
            self._marks.extend_to(self._cursor.index)
            self._tell_counts()
            self.refresh()

    def action_clear_marks(self) -> None:
        """Unmark every row."""
        self._marks.clear()
        self._tell_counts()
        self.refresh()

    def action_select_row(self) -> None:
        """Tell the screen that the row under the cursor was chosen."""
        row = self._rows.get(self._cursor.uid) if self._cursor.uid is not None else None
        if row is not None:
            self.post_message(table_messages.RowSelected(self._table, row))

    # Mouse

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            column = self._columns.column_at(event.x + self.scroll_offset.x - GUTTER)
            if column is not None:
                self._choose_sort(column.key, column.key == self._sort_key and not self._sort_reverse)
            return
        index = self._top + event.y - 1
        if index < len(self._order):
            self._move_cursor(index)
            if event.chain == 2:
                self.action_select_row()

    def on_focus(self) -> None:
        self._refresh_cursor_line()

    def on_blur(self) -> None:
        self._refresh_cursor_line()

    # Places

    @property
    def _table(self) -> LiveTable:
        return cast("LiveTable", self)

    def _move_cursor(self, index: int) -> None:
        old_line = self._cursor.index - self._top
        changed = self._cursor.move_to(index)
        top = self._cursor.top_showing(self._top, self._line_count)
        if top != self._top:
            self._scroll_rows(top)
        else:
            width = self._line_width
            lines = {line for line in (old_line, self._cursor.index - top) if 0 <= line < self._line_count}
            self.refresh(*[Region(0, line + 1, width, 1) for line in lines])
        if changed:
            self._tell_highlighted()

    def _scroll_rows(self, top: int) -> None:
        if top != self._top and self.is_attached:
            self.scroll_to(y=max(0, top), animate=False, force=True, immediate=True)

    @contextmanager
    def _keeping_place(self) -> Iterator[None]:
        """Keep the cursor on its row, and the row on its line where it can be, while the view is made anew."""
        top, highlighted = self._top, self._cursor.uid
        top_uid = self._order.uid_at(top) if top < len(self._order) else None
        yield
        new_top = self._cursor.follow(top, self._line_count, top_uid)
        self._resize_content()
        self._scroll_rows(new_top)
        if self._cursor.uid != highlighted:
            self._tell_highlighted()

    def _choose_sort(self, key: str, reverse: bool) -> None:
        if (key, reverse) != (self._sort_key, self._sort_reverse):
            self._table.set_sort(key, reverse)
            self.post_message(table_messages.SortChanged(self._table, key, reverse))

    def _refresh_cursor_line(self) -> None:
        line = self._cursor.index - self._top
        if 0 <= line < self._line_count:
            self.refresh(Region(0, line + 1, self._line_width, 1))

    def _tell_highlighted(self) -> None:
        row = self._rows.get(self._cursor.uid) if self._cursor.uid is not None else None
        self.post_message(table_messages.RowHighlighted(self._table, row))

    def _tell_counts(self) -> None:
        counts = (len(self._order), len(self._rows), len(self._marks))
        if counts != self._counts_told:
            self._counts_told = counts
            self.post_message(table_messages.CountsChanged(self._table, *counts))
