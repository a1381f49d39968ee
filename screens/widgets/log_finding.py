"""The part of the log view that finds lines: the filter that hides the others, the search that lights matches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from screens.widgets.log_matching import LineFilter, search_pattern
from screens.widgets.log_painter import LinePrefix
from screens.widgets.log_selection import FIRST_SLICE_S, SLICE_S, LogSelection
from screens.widgets.log_surface import LogSurface

PAUSE_S = 0.001
"""Between two slices of a filter: keys are answered."""


class LogFinding(LogSurface):
    """Filter and search over the lines of the surface."""

    def __init__(
        self,
        capacity: int,
        prefix: LinePrefix | None,
        frame_rate: Callable[[], float] | None,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(capacity, prefix, frame_rate, id, classes)
        self._selection: LogSelection | None = None

    def set_filter(self, text: str) -> None:
        """Show only matching lines: a substring or regular expression, `!` in front inverts; empty shows all.

        What is shown stays until all lines were looked at, which is at once unless they are very many; another
        filter that is set meanwhile takes the place of this one. Raises ValueError, in words for the reader, when
        the expression is not valid.
        """
        wanted = LineFilter.parse(text)
        self._take_pending()
        self._selection = LogSelection(self._buffer, wanted) if wanted is not None else None
        if self._selection is not None:
            self._select(self._selection, FIRST_SLICE_S)
            return
        number = self._number_on_screen()
        self._buffer.show_all()
        self._view_changed(number)

    @property
    def is_selecting(self) -> bool:
        """Whether lines of a filter are still looked for."""
        return self._selection is not None

    def _select(self, selection: LogSelection, lasts_s: float | None = SLICE_S) -> None:
        """Look for the lines of a filter, with pauses for keys; show them when all are found."""
        if selection is not self._selection:
            return
        if not selection.go_on(lasts_s if self.is_running else None):
            self.set_timer(PAUSE_S, partial(self._select, selection))
            return
        self._selection = None
        number = self._number_on_screen()
        self._buffer.show_only(selection.numbers(), selection.wanted)
        self._view_changed(number)

    def set_search(self, text: str) -> int:
        """Light every match and go to the last one on the screen or before; return how many lines match.

        Nothing is hidden; an empty text ends the search. Raises ValueError, in words for the reader, when
        the expression is not valid.
        """
        pattern = search_pattern(text) if text else None
        self._take_pending()
        self._painter.search = pattern
        self._found = None
        self._painter.forget()
        self.refresh()
        if pattern is None:
            return 0
        matches = [index for index in range(self._buffer.shown_count) if self._matches(index)]
        if matches:
            last_row = min(self._buffer.rows.count, self._top + self._height) - 1
            last, _ = self._buffer.rows.line_at(max(0, last_row))
            self._go_to_found(next((index for index in reversed(matches) if index <= last), matches[0]))
        return len(matches)

    def find_next(self) -> bool:
        """Go to the next matching line; False when there is none after this one."""
        return self._find(1)

    def find_previous(self) -> bool:
        """Go to the previous matching line; False when there is none before this one."""
        return self._find(-1)

    def _finish_selecting(self) -> None:
        if self._selection is not None:
            self._select(self._selection, None)

    def _find(self, step: int) -> bool:
        if self._painter.search is None:
            return False
        if self._found is not None and self._found >= self._buffer.first:
            index = self._buffer.index_of(self._found) + step
        else:
            index = self._buffer.rows.line_at(self._top)[0]
        while 0 <= index < self._buffer.shown_count:
            if self._matches(index):
                self._go_to_found(index)
                return True
            index += step
        return False

    def _matches(self, index: int) -> bool:
        search = self._painter.search
        return search is not None and search.search(self._buffer.text(self._buffer.number_at(index))) is not None

    def _go_to_found(self, index: int) -> None:
        """Light a line and bring it on the screen with what stands around it."""
        self._found = self._buffer.number_at(index)
        row = self._buffer.rows.row_of(index)
        if not self._top <= row < self._top + self._height - 1:
            self._scroll_rows(max(0, min(self._last_top, row - self._height // 3)))
        self._following = False
        self.refresh()
        self._tell_follow()
