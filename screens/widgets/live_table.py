"""A table of any number of live rows, of which only the visible ones are ever drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.message import Message
from textual.scroll_view import ScrollView

from backends.model.table import Row, RowBatch
from screens.widgets.columns import TableColumn

__all__ = ["LiveTable", "TableColumn"]


class LiveTable(ScrollView, can_focus=True):
    """Rows by uid in a sorted, filtered view; changes come in batches and are drawn at most `frame_rate()` times a second.

    `row_tone` gives one tone for a whole row (rows of a stale stamp are `dim`); it is asked again every second.
    """

    class RowHighlighted(Message):
        """The cursor came to rest on another row; None when the table became empty."""

        def __init__(self, table: LiveTable, row: Row | None) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> LiveTable:
            """The table it came from."""
            return self.table

    class RowSelected(Message):
        """Enter was pressed (or the row clicked twice) on a row."""

        def __init__(self, table: LiveTable, row: Row) -> None:
            super().__init__()
            self.table = table
            self.row = row

        @property
        def control(self) -> LiveTable:
            """The table it came from."""
            return self.table

    class CountsChanged(Message):
        """How many rows pass the filter, exist, or are marked changed."""

        def __init__(self, table: LiveTable, shown: int, total: int, marked: int) -> None:
            super().__init__()
            self.table = table
            self.shown = shown
            self.total = total
            self.marked = marked

        @property
        def control(self) -> LiveTable:
            """The table it came from."""
            return self.table

    class SortChanged(Message):
        """The user chose another column or direction to sort by."""

        def __init__(self, table: LiveTable, key: str, reverse: bool) -> None:
            super().__init__()
            self.table = table
            self.key = key
            self.reverse = reverse

        @property
        def control(self) -> LiveTable:
            """The table it came from."""
            return self.table

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

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Replace the columns; rows, cursor, marks and (where the key still exists) the sort are kept."""
        raise NotImplementedError

    def apply(self, batch: RowBatch) -> None:
        """Fold a batch in; it is drawn at the next frame. The first call, even if empty, means "loaded"."""
        raise NotImplementedError

    def set_filter(self, accepts: Callable[[Row], bool] | None) -> None:
        """Show only the rows accepted; None shows all."""
        raise NotImplementedError

    def set_sort(self, key: str, reverse: bool = False) -> None:
        """Sort by the column with this key."""
        raise NotImplementedError

    def set_empty_texts(self, *, not_loaded: str, empty: str, no_match: str) -> None:
        """Say what stands in place of rows: before the first batch, with no rows at all, and when the filter hides all."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget all rows and marks: "not loaded yet" again."""
        raise NotImplementedError

    def move_to(self, uid: str) -> bool:
        """Put the cursor on a row; False when it is not shown."""
        raise NotImplementedError

    def clear_marks(self) -> None:
        """Unmark every row."""
        raise NotImplementedError

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        raise NotImplementedError

    @property
    def marked(self) -> frozenset[str]:
        """The uids of the marked rows."""
        raise NotImplementedError

    @property
    def targets(self) -> tuple[Row, ...]:
        """What an action applies to: the marked rows in view order, else the row under the cursor."""
        raise NotImplementedError

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """Every row that passes the filter, in view order."""
        raise NotImplementedError

    @property
    def shown_count(self) -> int:
        """How many rows pass the filter."""
        raise NotImplementedError

    @property
    def total_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    @property
    def sort(self) -> tuple[str, bool]:
        """The key of the column sorted by, and whether it is descending."""
        raise NotImplementedError
