"""What a table tells its screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from backends.model.table import Row

if TYPE_CHECKING:
    from screens.widgets.live_table import LiveTable


class TableMessage(Message):
    """Comes from one table."""

    def __init__(self, table: LiveTable) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> LiveTable:
        """The table it came from."""
        return self.table


class RowHighlighted(TableMessage):
    """The cursor came to rest on another row; None when the table became empty."""

    def __init__(self, table: LiveTable, row: Row | None) -> None:
        super().__init__(table)
        self.row = row


class RowSelected(TableMessage):
    """Enter was pressed, or the mouse clicked twice, on a row."""

    def __init__(self, table: LiveTable, row: Row) -> None:
        super().__init__(table)
        self.row = row


class CountsChanged(TableMessage):
    """How many rows pass the filter, exist, or are marked changed."""

    def __init__(self, table: LiveTable, shown: int, total: int, marked: int) -> None:
        super().__init__(table)
        self.shown = shown
        self.total = total
        self.marked = marked


class SortChanged(TableMessage):
    """The reader chose another column or direction to sort by."""

    def __init__(self, table: LiveTable, key: str, reverse: bool) -> None:
        super().__init__(table)
        self.key = key
        self.reverse = reverse
