"""The screen as it is to be and as the terminal shows it, and the shortest writing from one to the other."""

from __future__ import annotations

from itertools import compress, count
from operator import is_not, ne

from rich.cells import get_character_cell_size

from screens.output.cells import UNKNOWN, Cell
from screens.output.pieces import Pieces
from screens.output.scrolling import Scroll, find_scroll
from screens.output.sgr import on_blank

SCROLL_LINES = 8
"""Changed lines from which looking for a move is worth its time."""
SCROLL_WIDTH = 0.75
"""Share of the screen's width that must have changed: a terminal only moves whole lines."""


class Frame:
    """Two grids of cells of one size. `put` changes what is wanted; `write` returns what makes it shown."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        blank: Cell = (" ", "")
        self._wanted: list[list[Cell]] = [[blank] * width for _ in range(height)]
        self._shown: list[list[Cell]] = [[UNKNOWN] * width for _ in range(height)]
        self._dirty: dict[int, tuple[int, int]] = dict.fromkeys(range(height), (0, width))

    @property
    def is_dirty(self) -> bool:
        """Whether something may be wanted that is not shown."""
        return bool(self._dirty)

    def put(self, x: int, y: int, cells: list[Cell]) -> None:
        """Want these cells at this place; what lies outside the screen is left out."""
        if not (0 <= y < self.height and 0 <= x < self.width) or not cells:
            return
        cells = cells[: self.width - x]
        row = self._wanted[y]
        end = x + len(cells)
        if row[x:end] == cells:
            return
        row[x:end] = cells
        _mend_halves(row, x, end)
        first, last = self._dirty.get(y, (x, end))
        self._dirty[y] = (min(first, x), max(last, end))

    def write(self) -> str:
        """Return the terminal sequence that shows what is wanted, and take it as shown."""
        out: list[str] = []
        if len(self._dirty) >= SCROLL_LINES:
            scroll = self._find_scroll()
            if scroll is not None:
                self._scroll(scroll, out)
        pieces = Pieces()
        for y in sorted(self._dirty):
            wanted, shown = self._wanted[y], self._shown[y]
            # Of a line either all is known or nothing: the first frame need not look for what differs (6 ms).
            columns = range(self.width) if shown[0] is UNKNOWN else _differing(wanted, shown)
            if columns:
                pieces.add_line(y, wanted, columns)
                shown[:] = wanted
        self._dirty.clear()
        out.append(pieces.write())
        return "".join(out)

    def text(self) -> list[str]:
        """Return the lines wanted, as text."""
        return ["".join(cell[0] for cell in row if cell is not None) for row in self._wanted]

    def _find_scroll(self) -> Scroll | None:
        first = min(first for first, _ in self._dirty.values())
        last = max(last for _, last in self._dirty.values())
        if last - first < self.width * SCROLL_WIDTH:
            return None
        top, bottom = min(self._dirty), max(self._dirty)
        lines = range(top, bottom + 1)
        return find_scroll(
            {y: self._shown[y][first:last] for y in lines}, {y: self._wanted[y][first:last] for y in lines}
        )

    def _scroll(self, scroll: Scroll, out: list[str]) -> None:
        """Let the terminal delete or insert lines between margins (DECSTBM, DL, IL) and follow in the model."""
        top, bottom, lines = scroll.top, scroll.bottom, abs(scroll.lines)
        blank = [[UNKNOWN] * self.width for _ in range(lines)]
        band = self._shown[top : bottom + 1]
        if scroll.lines > 0:
            self._shown[top : bottom + 1] = band[lines:] + blank
        else:
            self._shown[top : bottom + 1] = blank + band[:-lines]
        letter = "M" if scroll.lines > 0 else "L"
        out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{top + 1};1H\x1b[{lines}{letter}\x1b[r")
        for y in range(top, bottom + 1):
            self._dirty[y] = (0, self.width)


def _differing(wanted: list[Cell], shown: list[Cell]) -> list[int]:
    """Return the columns at which two rows differ; cells that are one object are equal without a look inside."""
    return [x for x in compress(count(), map(is_not, wanted, shown)) if ne(wanted[x], shown[x])]


def _mend_halves(row: list[Cell], start: int, end: int) -> None:
    """Blank the other half of a wide character of which `start` to `end` overwrote one half."""
    if start > 0 and row[start] is not None:
        before = row[start - 1]
        if before is not None and _is_wide(before):
            row[start - 1] = (" ", on_blank(before[1]))
    if row[start] is None and (start == 0 or not _has_left_half(row, start)):
        row[start] = (" ", "")
    if end < len(row) and row[end] is None and not _has_left_half(row, end):
        row[end] = (" ", "")
    last = row[end - 1]
    if last is not None and _is_wide(last) and (end == len(row) or row[end] is not None):
        row[end - 1] = (" ", on_blank(last[1]))


def _has_left_half(row: list[Cell], x: int) -> bool:
    before = row[x - 1]
    return before is not None and _is_wide(before)


def _is_wide(cell: tuple[str, str]) -> bool:
    return not cell[0].isascii() and get_character_cell_size(cell[0][0]) == 2
