"""A page of toned lines to scroll and search in, drawn only where visible: descriptions and YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from screens.lines import EMPTY, Line, Piece, as_strip, as_text, width_of
from screens.widgets.log_matching import search_pattern

LineMaker = Callable[[int], Sequence[Line]]
"""Lines for a width in cells; asked again when the width changes."""


class TextView(ScrollView, can_focus=True):
    """Lines made for its width; the place is kept when they are made anew."""

    DEFAULT_CSS = "TextView { height: 1fr; padding: 0 1; scrollbar-size: 0 1; background: $background; }"
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "roll(1)", "down", show=False),
        Binding("up,k", "roll(-1)", "up", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False),
        Binding("home,g", "edge(False)", "top", show=False),
        Binding("end,G", "edge(True)", "bottom", show=False),
        Binding("left", "across(-8)", "left", show=False),
        Binding("right", "across(8)", "right", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._make: LineMaker = lambda width: ()
        self._lines: list[Line] = []
        self._width = 0
        self._search: re.Pattern[str] | None = None
        self._matches: list[int] = []

    def show(self, make: LineMaker, *, keep_place: bool = True) -> None:
        """Draw other lines."""
        self._make = make
        self._remake()
        if not keep_place:
            self.scroll_to(0, 0, animate=False)

    @property
    def text(self) -> str:
        """All lines as bare text."""
        return as_text(self._lines)

    def _remake(self) -> None:
        self._width = self.scrollable_content_region.width
        spare = 0 if self.show_vertical_scrollbar else 1  # the scrollbar may come with these very lines
        self._lines = list(self._make(max(20, self._width - spare)))
        widest = max((width_of(each) for each in self._lines), default=0)
        self.virtual_size = Size(widest, len(self._lines))
        self._find_matches()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self._remake()

    def set_search(self, text: str) -> int:
        """Light every match and go to the first in view; return how many lines match.

        Raises ValueError when the text is not a regular expression.
        """
        self._search = search_pattern(text) if text else None
        self._find_matches()
        if self._matches:
            after = [at for at in self._matches if at >= int(self.scroll_y)]
            self._go_to((after or self._matches)[0])
        self.refresh()
        return len(self._matches)

    def find(self, by: int) -> bool:
        """Go to the next (1) or previous (-1) matching line, around the end; False when nothing matches."""
        if not self._matches:
            return False
        at = int(self.scroll_y)
        if by > 0:
            self._go_to(next((each for each in self._matches if each > at), self._matches[0]))
        else:
            self._go_to(next((each for each in reversed(self._matches) if each < at), self._matches[-1]))
        return True

    def _find_matches(self) -> None:
        search = self._search
        self._matches = (
            [] if search is None else [n for n, each in enumerate(self._lines) if search.search(_bare(each))]
        )

    def _go_to(self, at: int) -> None:
        self.scroll_to(y=at, animate=False)

    def action_roll(self, lines: int) -> None:
        self.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        self.scroll_relative(y=pages * max(1, self.size.height - 1), animate=False)

    def action_edge(self, bottom: bool) -> None:
        self.scroll_to(y=self.max_scroll_y if bottom else 0, animate=False)

    def action_across(self, cells: int) -> None:
        self.scroll_relative(x=cells, animate=False)

    def render_line(self, y: int) -> Strip:
        width, left = self.scrollable_content_region.width, int(self.scroll_x)
        at = int(self.scroll_y) + y
        pieces = self._lines[at] if at < len(self._lines) else EMPTY
        if self._search is not None and at < len(self._lines):
            pieces = lit(pieces, self._search)
        return as_strip(self, pieces, max(left + width, width_of(pieces))).crop(left, left + width)


def _bare(pieces: Line) -> str:
    return "".join(piece.text for piece in pieces)


def lit(pieces: Line, search: re.Pattern[str]) -> Line:
    """Return the line with every match in the `found` tone."""
    text = _bare(pieces)
    spans = [found.span() for found in search.finditer(text) if found.end() > found.start()]
    if not spans:
        return pieces
    made: list[Piece] = []
    at = 0
    for piece in pieces:
        end = at + len(piece.text)
        cuts = sorted({at, end, *(edge for span in spans for edge in span if at < edge < end)})
        for first, last in pairwise(cuts):
            inside = any(start <= first and last <= stop for start, stop in spans)
            made.append(Piece(text[first:last], "found" if inside else piece.tone))
        at = end
    return tuple(made)
