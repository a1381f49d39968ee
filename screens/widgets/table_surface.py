"""The drawing part of the table: which rows lie on which lines of the screen, and how they look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.strip import Strip

from backends.model.table import Row
from screens.widgets.columns import ColumnLayout, TableColumn
from screens.widgets.content_size import set_content_size
from screens.widgets.fitting import fit
from screens.widgets.line_surface import LineSurface
from screens.widgets.lit_cells import LitCells
from screens.widgets.order import RowOrder
from screens.widgets.row_cursor import RowCursor, RowMarks
from screens.widgets.table_painter import GUTTER, RowLook, RowPainter
from screens.widgets.tones import Tones


class TableSurface(LineSurface):
    """Shows the rows of a RowOrder below a line of titles; only lines on the screen are ever drawn."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"live-table--{part}"
        for part in (
            *("row", "header", "header-sorted", "cursor", "cursor-blurred", "marked", "changed", "empty"),
            *("good", "warn", "bad", "dim", "accent"),
        )
    }
    DEFAULT_CSS = """
    TableSurface {
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

    def __init__(
        self,
        columns: Sequence[TableColumn],
        row_tone: Callable[[Row], str | None] | None,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: dict[str, Row] = {}
        self._order = RowOrder(self._rows)
        self._cursor = RowCursor(self._order)
        self._marks = RowMarks(self._order)
        self._lit = LitCells()
        self._tones = Tones(self, "live-table")
        self._row_tone = row_tone
        self._columns = ColumnLayout(columns)
        self._painter = RowPainter(self._columns, self._tones, row_tone)
        self._sort_key = columns[0].key if columns else ""
        self._sort_reverse = False
        self._is_loaded = False
        self._empty_texts = ("not loaded yet", "nothing here", "nothing matches the filter")

    # Places

    @property
    def _top(self) -> int:
        """The place of the first row on the screen."""
        return self.scroll_offset.y

    @property
    def _line_count(self) -> int:
        """How many rows the screen has room for."""
        return max(1, self.scrollable_content_region.height - 1)

    @property
    def _line_width(self) -> int:
        """How many cells of a line are not under the scroll bar."""
        return self.scrollable_content_region.width

    def _lines_shown(self) -> list[str]:
        """The uids of the rows on the screen, from top to bottom."""
        return self._order.uids(self._top, self._top + self._line_count)

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """Fit the columns beside the scroll bar, whose coming and going is no resize."""
        self.call_next(self._fit_width)

    def _fit_width(self) -> None:
        self._columns.set_available(self._line_width - GUTTER)
        self._painter.fill_width = self._line_width
        self._painter.forget()
        self._resize_content()

    def _resize_content(self) -> None:
        size = Size(self._columns.total_width + GUTTER, len(self._order) + 1)
        set_content_size(self, size)

    # Drawing

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.forget()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the screen: the titles, a row, or what stands in place of rows."""
        width = self._painter.fill_width
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

    def _refresh_lines(self, lines: Iterable[int]) -> None:
        width = self._line_width
        regions = [Region(0, line + 1, width, 1) for line in lines]
        if regions:
            self.refresh(*regions)
