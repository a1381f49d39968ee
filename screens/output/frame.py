"""The screen as it is to be and as the terminal shows it, and the shortest writing from one to the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress, count
from operator import is_not, ne

from rich.cells import get_character_cell_size

from screens.output.cells import UNKNOWN, Cell
from screens.output.scrolling import Scroll, find_scroll
from screens.output.sgr import transition

GAP = 6
"""Unchanged cells that are written again rather than jumped over: a jump costs as many bytes."""
SCROLL_LINES = 8
"""Changed lines from which looking for a move is worth its time."""
SCROLL_WIDTH = 0.75
"""Share of the screen's width that must have changed: a terminal only moves whole lines."""

RESET = "\x1b[m"


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
        sgr = ""
        for y in sorted(self._dirty):
            sgr = self._write_line(y, sgr, out)
        self._dirty.clear()
        if sgr:
            out.append(RESET)
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

    def _write_line(self, y: int, sgr: str, out: list[str]) -> str:
        """Write the differing cells of one line, starting with attributes `sgr`; return those in force after it."""
        wanted, shown = self._wanted[y], self._shown[y]
        if wanted == shown:
            return sgr
        at = -1
        # Of a line either all is known or nothing: the first frame need not look for what differs (6 ms).
        runs = [(0, self.width)] if shown[0] is UNKNOWN else _runs(_differing(wanted, shown), wanted)
        for start, end in runs:
            out.append(f"\x1b[{y + 1};{start + 1}H" if at < 0 else f"\x1b[{start + 1}G")
            sgr = _write_cells(wanted, start, end, sgr, out)
            at = end
        shown[:] = wanted
        return sgr


def _write_cells(row: list[Cell], start: int, end: int, sgr: str, out: list[str]) -> str:
    """Write the cells of one stretch; return the attributes in force after it."""
    for x, cell in enumerate(row[start:end], start):
        if cell is None:
            continue
        character, style = cell
        if style != sgr:
            out.append(transition(sgr, style))
            sgr = style
        out.append(character)
        if character > "\x7f" and x + 1 < end and _width_is_disputed(character):
            out.append(f"\x1b[{x + (2 if row[x + 1] is None else 1) + 1}G")
    return sgr


def _width_is_disputed(character: str) -> bool:
    """Whether terminals disagree how far the cursor moves: pictures and combined characters."""
    return len(character) > 1 or character >= "\U0001f000" or "\u2600" <= character <= "\u27bf"


def _differing(wanted: list[Cell], shown: list[Cell]) -> Iterable[int]:
    """Return the columns at which two rows differ; cells that are one object are equal without a look inside."""
    return [x for x in compress(count(), map(is_not, wanted, shown)) if ne(wanted[x], shown[x])]


def _runs(columns: Iterable[int], row: list[Cell]) -> list[tuple[int, int]]:
    """Join differing columns to stretches to write, which never begin or end inside a wide character."""
    runs: list[tuple[int, int]] = []
    for x in columns:
        start, end = x, x + 1
        while start > 0 and row[start] is None:
            start -= 1
        while end < len(row) and row[end] is None:
            end += 1
        if runs and start - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _mend_halves(row: list[Cell], start: int, end: int) -> None:
    """Blank the other half of a wide character of which `start` to `end` overwrote one half."""
    if start > 0 and row[start] is not None:
        before = row[start - 1]
        if before is not None and _is_wide(before):
            row[start - 1] = (" ", before[1])
    if row[start] is None and (start == 0 or not _has_left_half(row, start)):
        row[start] = (" ", "")
    if end < len(row) and row[end] is None and not _has_left_half(row, end):
        row[end] = (" ", "")
    last = row[end - 1]
    if last is not None and _is_wide(last) and (end == len(row) or row[end] is not None):
        row[end - 1] = (" ", last[1])


def _has_left_half(row: list[Cell], x: int) -> bool:
    before = row[x - 1]
    return before is not None and _is_wide(before)


def _is_wide(cell: tuple[str, str]) -> bool:
    return not cell[0].isascii() and get_character_cell_size(cell[0][0]) == 2
