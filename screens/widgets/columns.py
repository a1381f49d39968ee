"""What a table shows of a row, column by column, and how wide the columns are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backends.model import inert
from backends.model.table import Row
from screens.widgets.fitting import text_width

COLUMN_GAP = 2
SORT_MARKS = {False: "▲", True: "▼"}


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: how a row becomes text, a sort key and a tone.

    `tone` names a colour role of the theme: `good`, `warn`, `bad`, `dim`, `accent`, or None for plain text.
    Widths are in cells; a `flexible` column gives up width first, down to `min_width`, when the table is
    wider than the screen. `ticking` says that the text changes with time alone (ages), so it is read again
    every second and never lit as changed.
    """

    key: str
    title: str
    text: Callable[[Row], str]
    sort_key: Callable[[Row], Any]
    tone: Callable[[Row], str | None] | None = None
    right: bool = False
    min_width: int = 3
    max_width: int = 60
    flexible: bool = False
    ticking: bool = False


class ColumnLayout:
    """The widths of columns, which only grow while rows are measured, fitted to the width of the screen."""

    def __init__(self, columns: Sequence[TableColumn]) -> None:
        self.columns = tuple(columns)
        self.ticking = tuple(index for index, column in enumerate(self.columns) if column.ticking)
        self._texts = tuple(column.text for column in self.columns)
        self._natural = [
            max(column.min_width, min(column.max_width, text_width(column.title))) for column in self.columns
        ]
        self._available = 0
        self.widths = tuple(self._natural)

    def texts(self, row: Row) -> tuple[str, ...]:
        """Return what the columns say of a row, as text that is safe to draw."""
        return tuple([_drawable(text(row)) for text in self._texts])

    def measure(self, texts: Sequence[str]) -> bool:
        """Widen columns for these texts; return whether any width changed."""
        natural = self._natural
        grown = False
        for index, text in enumerate(texts):
            if len(text) > natural[index] or not text.isascii():
                width = min(self.columns[index].max_width, text_width(text))
                if width > natural[index]:
                    natural[index] = width
                    grown = True
        return grown and self._fit()

    def set_available(self, width: int) -> bool:
        """Fit the columns into this many cells as far as they give way; return whether any width changed."""
        self._available = max(0, width)
        return self._fit()

    @property
    def total_width(self) -> int:
        """Cells of all columns with the gaps between them."""
        return sum(self.widths) + COLUMN_GAP * max(0, len(self.widths) - 1)

    def column_at(self, x: int) -> TableColumn | None:
        """Return the column drawn at this cell of the row."""
        for column, width in zip(self.columns, self.widths, strict=True):
            if x < width + COLUMN_GAP:
                return column
            x -= width + COLUMN_GAP
        return None

    def _fit(self) -> bool:
        widths = list(self._natural)
        excess = sum(widths) + COLUMN_GAP * max(0, len(widths) - 1) - self._available
        if self._available and excess > 0:
            flexible = [index for index, column in enumerate(self.columns) if column.flexible]
            while excess > 0 and flexible:
                widest = max(flexible, key=lambda index: widths[index])
                room = widths[widest] - self.columns[widest].min_width
                if room <= 0:
                    flexible.remove(widest)
                    continue
                second = max((widths[index] for index in flexible if index != widest), default=0)
                step = min(excess, room, max(1, widths[widest] - second))
                widths[widest] -= step
                excess -= step
        changed = tuple(widths) != self.widths
        self.widths = tuple(widths)
        return changed


def _drawable(text: str) -> str:
    return text if text.isascii() and text.isprintable() else inert.name(text)
