"""What changed on all stamps on one clock: newest at the end, which stays in view until the reader scrolls up."""

from __future__ import annotations

import time
from collections import deque
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from backends.model.fleet import TimelineEntry
from backends.streams import Feed
from screens.fleet.rows import timeline_line
from screens.glyphs import Glyphs
from screens.lines import EMPTY, as_strip, line

_HINT = line(("nothing has changed since the console was opened", "dim"))


class TimelineView(ScrollView, can_focus=False):
    """The newest entries of a feed, at most `capacity`, read when drawn."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("end", "follow", "follow", show=False)]

    def __init__(self, glyphs: Glyphs, capacity: int = 1000) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._entries: deque[TimelineEntry] = deque(maxlen=capacity)
        self._read = 0
        self._names = 4
        self.following = True

    @property
    def count(self) -> int:
        """How many entries are kept."""
        return len(self._entries)

    def read(self, feed: Feed[TimelineEntry] | None) -> None:
        """Take what is new in the feed and draw it."""
        if self.following and self.scroll_y < self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        if feed is None or feed.end == self._read:
            return
        batch = feed.read(self._read)
        self._read = batch.next
        self._entries.extend(batch.items)
        self._names = max(self._names, *(len(entry.stamp) for entry in batch.items))
        self.virtual_size = Size(0, len(self._entries))
        self.refresh()

    def scroll_by(self, lines: int) -> None:
        """Scroll up or down; at the end following begins again."""
        target = max(0, min(self.max_scroll_y, int(self.scroll_y) + lines))
        self.following = target >= self.max_scroll_y
        self.scroll_to(y=target, animate=False, immediate=True)
        self.refresh()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self.scroll_end(animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        at = int(self.scroll_y) + y
        if at < len(self._entries):
            entry = self._entries[at]
            clock = time.strftime("%H:%M:%S", time.localtime(entry.at))
            return as_strip(self, timeline_line(entry, clock, self._names, width, self._glyphs), width)
        return as_strip(self, _HINT if y == 0 and not self._entries else EMPTY, width)
