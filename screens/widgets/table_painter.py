"""Rows of a table as strips, kept for as long as nothing they show changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from backends.model.table import Row
from screens.widgets.columns import COLUMN_GAP, SORT_MARKS, ColumnLayout
from screens.widgets.fitting import fit, text_width
from screens.widgets.lit_cells import NOTHING_LIT
from screens.widgets.tones import Tones

GUTTER = 2
"""Cells left of the first column, for the mark."""
MARK = "● "
KEPT_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class RowLook:
    """What a row's strip depends on besides the row itself."""

    cursor: str = ""
    """Empty, `cursor` or `cursor-blurred`."""
    marked: bool = False
    lit: frozenset[int] = NOTHING_LIT


@dataclass(slots=True)
class _Painted:
    row: Row
    look: RowLook
    texts: tuple[str, ...]
    tone: str | None
    tick: int
    strip: Strip


class RowPainter:
    """Draws rows in the columns of a layout; a row whose text, tone and look are as before is not drawn again."""

    def __init__(self, layout: ColumnLayout, tones: Tones, row_tone: Callable[[Row], str | None] | None) -> None:
        self._layout = layout
        self._tones = tones
        self._row_tone = row_tone
        self._painted: dict[str, _Painted] = {}
        self._prepared: dict[str, tuple[Row, tuple[str, ...]]] = {}
        self._tick = 0
        self.fill_width = 0
        """Cells that a row fills with its background; `forget` after changing it."""

    def forget(self) -> None:
        """Draw everything anew: widths or colours changed."""
        self._painted.clear()

    def prepare(self, row: Row) -> tuple[str, ...]:
        """Return the texts with which a row is going to be drawn."""
        texts = self._layout.texts(row)
        if len(self._prepared) >= KEPT_ROWS:
            self._prepared.clear()
        self._prepared[row.uid] = row, texts
        return texts

    def texts_shown(self, row: Row) -> tuple[str, ...] | None:
        """Return the texts this row, as it is, was last drawn with; None when it was not."""
        painted = self._painted.get(row.uid)
        return painted.texts if painted is not None and painted.row is row else None

    def next_tick(self) -> None:
        """Time went on: ages and tones of rows may read differently now."""
        self._tick += 1

    def is_current(self, row: Row) -> bool:
        """Whether the strip kept for this row still says what the row says now."""
        painted = self._painted.get(row.uid)
        return painted is not None and painted.row is row and self._still_true(painted)

    def paint(self, row: Row, look: RowLook) -> Strip:
        """Return the strip of a row, as wide as the columns with their gutter."""
        painted = self._painted.get(row.uid)
        if painted is not None and painted.row is row and self._still_true(painted):
            if painted.look is look or painted.look == look:
                return painted.strip
            texts, tone = painted.texts, painted.tone
        else:
            texts, tone = self._texts(row), self._tone(row)
        strip = self._draw(row, texts, tone, look)
        if len(self._painted) >= KEPT_ROWS:
            self._painted.clear()
        self._painted[row.uid] = _Painted(row, look, texts, tone, self._tick, strip)
        return strip

    def _texts(self, row: Row) -> tuple[str, ...]:
        prepared = self._prepared.pop(row.uid, None)
        return prepared[1] if prepared is not None and prepared[0] is row else self._layout.texts(row)

    def paint_header(self, sort_key: str, reverse: bool) -> Strip:
        """Return the line of titles."""
        plain, sorted_by = self._tones.component("header"), self._tones.component("header-sorted")
        segments = [Segment(" " * GUTTER, plain)]
        for column, width in zip(self._layout.columns, self._layout.widths, strict=True):
            is_sorted = column.key == sort_key
            if not is_sorted:
                segments.append(Segment(fit(column.title, width, column.right) + " " * COLUMN_GAP, plain))
                continue
            room = width if column.right else min(width, text_width(column.title))
            title = fit(column.title, room, column.right) + SORT_MARKS[reverse]  # the mark may stand in the gap
            segments.append(Segment(title, sorted_by))
            segments.append(Segment(" " * (width + COLUMN_GAP - text_width(title)), plain))
        return Strip(segments)

    def _tone(self, row: Row) -> str | None:
        return self._row_tone(row) if self._row_tone is not None else None

    def _still_true(self, painted: _Painted) -> bool:
        if painted.tick == self._tick:
            return True
        columns = self._layout.columns
        if self._tone(painted.row) != painted.tone:
            return False
        if any(columns[index].text(painted.row) != painted.texts[index] for index in self._layout.ticking):
            return False
        painted.tick = self._tick
        return True

    def _draw(self, row: Row, texts: tuple[str, ...], row_tone: str | None, look: RowLook) -> Strip:
        on = look.cursor or ("marked" if look.marked else "row")
        base = self._tones.toned(on, row_tone if not look.cursor else None)
        segments: list[Segment] = []
        run, run_style = MARK if look.marked else " " * GUTTER, base
        gap = " " * COLUMN_GAP
        for index, (column, width) in enumerate(zip(self._layout.columns, self._layout.widths, strict=True)):
            tone = row_tone or (column.tone(row) if column.tone is not None else None)
            style = self._cell_style(on, tone, index in look.lit)
            text = fit(texts[index], width, column.right)
            if style is not run_style:
                segments.append(Segment(run, run_style))
                run, run_style = "", style
            if style is base:
                run += text + gap
            else:
                segments.append(Segment(run + text, style))
                run, run_style = gap, base
        length = GUTTER + self._layout.total_width + COLUMN_GAP
        if length < self.fill_width:
            run += " " * (self.fill_width - length) if run_style is base else ""
        segments.append(Segment(run, run_style))
        return Strip(segments, max(length, self.fill_width) if run_style is base else length)

    def _cell_style(self, on: str, tone: str | None, lit: bool) -> Style:
        if on.startswith("cursor"):  # one colour for the whole line, or the cursor would be hard to see
            tone = None
        return self._tones.with_attributes(on, tone, "changed") if lit else self._tones.toned(on, tone)
