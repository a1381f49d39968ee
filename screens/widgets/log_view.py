"""A view of many log lines: a ring of the newest, drawn only where visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from backends.model.logs import LogLine
from screens.widgets.log_finding import LogFinding
from screens.widgets.log_painter import LinePrefix

__all__ = ["LinePrefix", "LogView"]

HORIZONTAL_STEP = 16


class LogView(LogFinding):
    """The newest `capacity` lines; follows the end until the reader scrolls up, then counts what is new."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move_rows(1)", "Down", show=False),
        Binding("up,k", "move_rows(-1)", "Up", show=False),
        Binding("pagedown,ctrl+f,space", "move_pages(1)", "Page down", show=False),
        Binding("pageup,ctrl+b", "move_pages(-1)", "Page up", show=False),
        Binding("home,g", "go_to_start", "First line", show=False),
        Binding("end,G,shift+g", "follow_end", "Follow the end", show=False),
        Binding("right", f"move_columns({HORIZONTAL_STEP})", "Right", show=False),
        Binding("left", f"move_columns(-{HORIZONTAL_STEP})", "Left", show=False),
        Binding("n", "find_next", "Next match", show=False),
        Binding("N,shift+n", "find_previous", "Previous match", show=False),
    ]

    class FollowChanged(Message):
        """Following began or ended, or lines came in while it was paused."""

        def __init__(self, view: LogView, following: bool, new_lines: int) -> None:
            super().__init__()
            self.view = view
            self.following = following
            self.new_lines = new_lines

        @property
        def control(self) -> LogView:
            """The view it came from."""
            return self.view

    def __init__(
        self,
        *,
        capacity: int = 100_000,
        prefix: LinePrefix | None = None,
        frame_rate: Callable[[], float] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(capacity, prefix, frame_rate, id, classes)

    # What screens ask for

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end; they are drawn at the next frame."""
        if lines:
            self._pending += lines
            self._clock.request()

    def clear(self) -> None:
        """Forget every line."""
        self._pending.clear()
        self._buffer.clear()
        self._new_lines = 0
        self._found = None
        self._view_changed()

    def set_prefix(self, prefix: LinePrefix | None) -> None:
        """Change what stands before each line; None for nothing."""
        self._painter.set_prefix(prefix)
        self._painter.note_sources(self._buffer.lines)
        self._view_changed()

    def add_mark(self, label: str = "") -> None:
        """Draw a line across at the current end, so that what comes next stands out."""
        self._take_pending()
        text = label or time.strftime("%H:%M:%S")
        self._buffer.add_mark(LogLine(at=time.time(), stamp="", namespace="", pod="", container="", text=text))
        self._clock.request()

    def shown_text(self) -> Iterator[str]:
        """Yield every line that passes the filter as it is shown (prefix, timestamps), for copying or saving."""
        self._take_pending()
        self._finish_selecting()
        for index in range(self._buffer.shown_count):
            yield self._line_text(self._buffer.number_at(index))

    def visible_text(self) -> str:
        """Return the lines on the screen now, each whole."""
        rows = range(self._top, min(self._top + self._height, self._buffer.rows.count))
        indexes = dict.fromkeys(self._buffer.rows.line_at(row)[0] for row in rows)
        return "\n".join(self._line_text(self._buffer.number_at(index)) for index in indexes)

    @property
    def following(self) -> bool:
        """Whether the end stays in view; assign to pause or continue."""
        return self._following

    @following.setter
    def following(self, following: bool) -> None:
        self._following = following
        if following:
            self._new_lines = 0
            self._scroll_rows(self._last_top)
        self.refresh()
        self._tell_follow()

    @property
    def wrap(self) -> bool:
        """Whether long lines are wrapped; assign to change."""
        return self._wrap

    @wrap.setter
    def wrap(self, wrap: bool) -> None:
        number = self._number_on_screen()
        self._wrap = wrap
        self._view_changed(number)

    @property
    def timestamps(self) -> bool:
        """Whether the server's timestamps are shown; assign to change."""
        return self._painter.timestamps

    @timestamps.setter
    def timestamps(self, timestamps: bool) -> None:
        number = self._number_on_screen()
        self._painter.timestamps = timestamps
        self._view_changed(number)

    @property
    def total_count(self) -> int:
        """Lines kept."""
        return len(self._buffer.lines) + len(self._pending)

    @property
    def shown_count(self) -> int:
        """Lines kept that pass the filter."""
        return self._buffer.shown_count

    @property
    def lost_count(self) -> int:
        """Lines that fell out of the ring."""
        return self._buffer.lost

    @property
    def is_busy(self) -> bool:
        """Whether something that was appended is not drawn yet, or lines of a filter are still looked for."""
        return self._clock.is_waiting or self.is_selecting

    # Keys

    def action_move_rows(self, rows: int) -> None:
        """Scroll by so many rows."""
        self.scroll_to(y=self._top + rows, animate=False, force=True, immediate=True)

    def action_move_pages(self, pages: int) -> None:
        """Scroll by so many screens."""
        self.action_move_rows(pages * max(1, self._height - 1))

    def action_move_columns(self, cells: int) -> None:
        """Scroll sideways."""
        self.scroll_to(x=self.scroll_offset.x + cells, animate=False, force=True, immediate=True)

    def action_go_to_start(self) -> None:
        """Go to the oldest line."""
        self.following = False
        self._scroll_rows(0)

    def action_follow_end(self) -> None:
        """Go to the end and stay there."""
        self.following = True

    def action_find_next(self) -> None:
        """Go to the next match."""
        self.find_next()

    def action_find_previous(self) -> None:
        """Go to the previous match."""
        self.find_previous()

    def _line_text(self, number: int) -> str:
        left = "".join(text for text, _ in self._painter.left_texts(self._buffer.line(number)))
        return f"{left}{self._buffer.text(number)}".rstrip()

    def _tell_follow(self) -> None:
        told = (self._following, self._new_lines)
        if told != self._told:
            self._told = told
            self.post_message(self.FollowChanged(self, *told))
