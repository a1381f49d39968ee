"""A view of many log lines: a ring of the newest, drawn only where visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from textual.message import Message
from textual.scroll_view import ScrollView

from backends.model.logs import LogLine

LinePrefix = Callable[[LogLine], tuple[str, str | None]]
"""What stands before a line (`orlando ratings-api-7f…`) and its tone."""


class LogView(ScrollView, can_focus=True):
    """The newest `capacity` lines; follows the end until the reader scrolls up, then counts what is new."""

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
        super().__init__(id=id, classes=classes)

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end; they are drawn at the next frame."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget every line."""
        raise NotImplementedError

    def set_prefix(self, prefix: LinePrefix | None) -> None:
        """Change what stands before each line; None for nothing."""
        raise NotImplementedError

    def set_filter(self, text: str) -> None:
        """Show only matching lines: a substring or regular expression, `!` in front inverts; empty shows all.

        Raises ValueError, in words for the reader, when the expression is not valid.
        """
        raise NotImplementedError

    def set_search(self, text: str) -> int:
        """Light every match and go to the nearest before the end; return how many lines match. Empty ends it.

        Raises ValueError, in words for the reader, when the expression is not valid.
        """
        raise NotImplementedError

    def find_next(self) -> bool:
        """Go to the next matching line; False when there is none after this one."""
        raise NotImplementedError

    def find_previous(self) -> bool:
        """Go to the previous matching line; False when there is none before this one."""
        raise NotImplementedError

    def add_mark(self, label: str = "") -> None:
        """Draw a line across at the current end, so that what comes next stands out."""
        raise NotImplementedError

    def shown_text(self) -> Iterator[str]:
        """Yield every line that passes the filter as it is shown (prefix, timestamps), for copying or saving."""
        raise NotImplementedError

    def visible_text(self) -> str:
        """Return the lines on the screen now."""
        raise NotImplementedError

    following: bool
    """Whether the end stays in view; assign to pause or continue."""
    wrap: bool
    """Whether long lines are wrapped; assign to change."""
    timestamps: bool
    """Whether the server's timestamps are shown; assign to change."""
    total_count: int
    shown_count: int
    lost_count: int
    """Lines that fell out of the ring."""
