"""The newest log lines, which of them pass the filter, and on which rows of the view they lie."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from backends.model import inert
from backends.model.logs import LogLine
from screens.widgets.fitting import text_width
from screens.widgets.log_matching import LineFilter


class LogBuffer:
    """A ring of lines, each with a number that it keeps; all cost is in what comes in, not in what is kept."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.first = 0
        self.lines: list[LogLine] = []
        self.texts: list[str] = []
        self.marks: set[int] = set()
        self.longest = 0
        self.lost = 0
        self.rows = RowMap()
        self._filter: LineFilter | None = None
        self._shown: list[int] | None = None

    @property
    def end(self) -> int:
        """The number the next line will get."""
        return self.first + len(self.lines)

    @property
    def shown_count(self) -> int:
        """How many lines pass the filter."""
        return len(self.lines) if self._shown is None else len(self._shown)

    def number_at(self, index: int) -> int:
        """Return the number of the line at a place among those shown."""
        return self.first + index if self._shown is None else self._shown[index]

    def index_of(self, number: int) -> int:
        """Return the place among those shown of a line, or of the next one shown after it."""
        return max(0, number - self.first) if self._shown is None else bisect_left(self._shown, number)

    def line(self, number: int) -> LogLine:
        """Return a kept line by its number."""
        return self.lines[number - self.first]

    def text(self, number: int) -> str:
        """Return the text of a kept line as it may be drawn."""
        return self.texts[number - self.first]

    def append(self, lines: Sequence[LogLine]) -> int:
        """Add lines at the end; return how many of them are shown. `trim` afterwards."""
        start = self.end
        # What is kept is what is drawn and matched: text that controls nothing.
        texts = [
            line.text if line.text.isascii() and line.text.isprintable() else inert.line(line.text) for line in lines
        ]
        self.lines += lines
        self.texts += texts
        self.longest = max(self.longest, max(map(len, texts), default=0))
        shown = texts
        if self._shown is not None and self._filter is not None:
            passing = self._filter.select(texts, start)
            self._shown += passing
            shown = [texts[number - start] for number in passing]
        self.rows.extend(shown)
        return len(shown)

    def add_mark(self, line: LogLine) -> None:
        """Add a line that passes every filter."""
        self.marks.add(self.end)
        self.lines.append(line)
        text = inert.name(line.text)
        self.texts.append(text)
        if self._shown is not None:
            self._shown.append(self.end - 1)
        self.rows.extend([text])

    def trim(self) -> int:
        """Drop what is more than the capacity; return by how many rows the view moved up."""
        excess = len(self.lines) - self.capacity
        if excess <= 0:
            return 0
        del self.lines[:excess]
        del self.texts[:excess]
        self.first += excess
        self.lost += excess
        self.marks = {number for number in self.marks if number >= self.first}
        if self._shown is not None:
            excess = bisect_left(self._shown, self.first)
            del self._shown[:excess]
        return self.rows.drop(excess)

    def clear(self) -> None:
        """Forget every line; numbers go on."""
        self.first = self.end
        self.lines.clear()
        self.texts.clear()
        self.marks.clear()
        self.longest = 0
        if self._shown is not None:
            self._shown = []
        self._map_rows()

    def show_all(self) -> None:
        """Show every line."""
        self._filter = self._shown = None
        self._map_rows()

    def show_only(self, numbers: list[int], wanted: LineFilter) -> None:
        """Show these lines, all of those kept that pass the filter, and of lines to come those that do; and marks."""
        self._filter = wanted
        self._shown = sorted({*numbers, *self.marks}) if self.marks else numbers
        self._map_rows()

    def set_wrap(self, width: int | None) -> None:
        """Wrap lines to this many cells; None gives each line one row."""
        if width != self.rows.width:
            self.rows.width = width
            self._map_rows()

    def _map_rows(self) -> None:
        shown = self.texts if self._shown is None else [self.texts[number - self.first] for number in self._shown]
        self.rows.restart(shown)


class RowMap:
    """Which rows of the view each shown line takes: one, or when wrapped as many as it needs."""

    def __init__(self) -> None:
        self.width: int | None = None
        self._count = 0
        self._ends: list[int] = []
        self._dropped = 0

    @property
    def count(self) -> int:
        """Rows of all shown lines."""
        if self.width is None:
            return self._count
        return self._ends[-1] - self._dropped if self._ends else 0

    def restart(self, texts: Sequence[str]) -> None:
        """Begin anew with these lines."""
        self._count = 0
        self._ends = []
        self._dropped = 0
        self.extend(texts)

    def extend(self, texts: Sequence[str]) -> None:
        """Add lines at the end."""
        if self.width is None:
            self._count += len(texts)
            return
        width, ends = self.width, self._ends
        end = ends[-1] if ends else self._dropped
        for text in texts:
            if text.isascii():
                end += (len(text) + width - 1) // width or 1
            else:
                end += len(wrap_cells(text, width))
            ends.append(end)

    def drop(self, lines: int) -> int:
        """Remove lines at the head; return how many rows they took."""
        if lines <= 0:
            return 0
        if self.width is None:
            self._count -= lines
            return lines
        before = self._dropped
        self._dropped = self._ends[lines - 1]
        del self._ends[:lines]
        return self._dropped - before

    def line_at(self, row: int) -> tuple[int, int]:
        """Return which shown line lies on a row, and which of its rows that is."""
        if self.width is None:
            return row, 0
        index = bisect_right(self._ends, row + self._dropped)
        return index, row - self.row_of(index)

    def row_of(self, index: int) -> int:
        """Return the first row of a shown line."""
        if self.width is None:
            return index
        return self._ends[index - 1] - self._dropped if index > 0 else 0


def wrap_cells(text: str, width: int) -> list[str]:
    """Cut a text into pieces of at most `width` cells; a wide character is never cut in two."""
    if text.isascii():
        return [text[start : start + width] for start in range(0, len(text), width)] or [""]
    pieces: list[str] = []
    piece, used = "", 0
    for character in text:
        cells = text_width(character)
        if used + cells > width and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece += character
        used += cells
    return [*pieces, piece]
