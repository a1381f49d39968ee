"""The drawing part of the log view: frames, rows, following the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from backends.model.logs import LogLine
from screens.widgets.content_size import set_content_size
from screens.widgets.fitting import text_width
from screens.widgets.frame_clock import FrameClock
from screens.widgets.line_surface import LineSurface
from screens.widgets.log_buffer import LogBuffer
from screens.widgets.log_painter import LinePrefix, LogPainter
from screens.widgets.tones import Tones

NARROWEST_WRAP = 8


class LogSurface(LineSurface, can_focus=True):
    """Shows a LogBuffer: takes waiting lines once per frame and draws only the rows on the screen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"log-view--{part}"
        for part in (*("line", "found", "match", "mark", "indicator"), *("good", "warn", "bad", "dim", "accent"))
    }
    DEFAULT_CSS = """
    LogSurface {
        height: 1fr;
        & > .log-view--line { color: $foreground; background: $background; }
        & > .log-view--found { color: $foreground; background: $primary-muted; }
        & > .log-view--match { color: $background; background: $warning; text-style: bold; }
        & > .log-view--mark { color: $text-accent; background: $background; }
        & > .log-view--indicator { color: $block-cursor-foreground; background: $block-cursor-background; }
        & > .log-view--good { color: $text-success; }
        & > .log-view--warn { color: $text-warning; }
        & > .log-view--bad { color: $text-error; }
        & > .log-view--dim { color: $foreground-muted; }
        & > .log-view--accent { color: $text-accent; }
    }
    """

    def __init__(
        self,
        capacity: int,
        prefix: LinePrefix | None,
        frame_rate: Callable[[], float] | None,
        id: str | None,
        classes: str | None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._buffer = LogBuffer(capacity)
        self._tones = Tones(self, "log-view")
        self._painter = LogPainter(self._buffer, self._tones)
        self._painter.set_prefix(prefix)
        self._clock = FrameClock(self, self._flush, frame_rate)
        self._pending: list[LogLine] = []
        self._following = True
        self._wrap = False
        self._is_moving = False
        self._new_lines = 0
        self._found: int | None = None
        self._told: tuple[bool, int] = (True, 0)

    def on_mount(self) -> None:
        self._clock.request()

    def on_resize(self, event: events.Resize) -> None:
        self._view_changed(self._number_on_screen())

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._tones.forget()
        self._painter.forget()

    # Frames

    def _flush(self) -> None:
        """Draw what came in since the last frame."""
        before = self._buffer.rows.count
        moved_up = self._take_pending()
        self._resize_content()
        if self._following:
            self._scroll_rows(self._last_top)
            self.refresh()
        else:
            if moved_up:
                self._scroll_rows(max(0, self._top - moved_up))
            if moved_up or before < self._top + self._height or self._new_lines:
                self.refresh()
        self._tell_follow()

    def _take_pending(self) -> int:
        """Take the waiting lines into the buffer; return by how many rows the view moved up."""
        if not self._pending:
            return 0
        pending, self._pending = self._pending[-self._buffer.capacity :], []
        if self._painter.note_sources(pending):
            self._apply_wrap()
            self._painter.forget()
        shown = self._buffer.append(pending)
        if not self._following:
            self._new_lines += shown
        return self._buffer.trim()

    def _view_changed(self, number: int | None = None) -> None:
        """Draw everything anew after the view itself changed, with line `number` at the top unless following."""
        self._apply_wrap()
        self._painter.forget()
        self._resize_content()
        if self._following:
            self._scroll_rows(self._last_top)
        elif number is not None:
            self._scroll_rows(min(self._last_top, self._buffer.rows.row_of(self._buffer.index_of(number))))
        self.refresh()
        self._tell_follow()

    def _apply_wrap(self) -> None:
        self._painter.fill_width = self._width
        width = max(NARROWEST_WRAP, self._width - self._painter.left_width)
        self._buffer.set_wrap(width if self._wrap and self._width else None)

    def _resize_content(self) -> None:
        width = 0 if self._wrap else self._painter.left_width + self._buffer.longest
        self._is_moving = True  # fewer rows than before may move the view: the reader did not
        set_content_size(self, Size(width, self._buffer.rows.count))
        self._is_moving = False

    # Places

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def _last_top(self) -> int:
        return max(0, self._buffer.rows.count - self._height)

    def _number_on_screen(self) -> int | None:
        """The line at the top of the screen."""
        if self._top >= self._buffer.rows.count:
            return None
        return self._buffer.number_at(self._buffer.rows.line_at(self._top)[0])

    def _scroll_rows(self, top: int) -> None:
        if top != self._top and self.is_attached:
            self._is_moving = True
            self.scroll_to(y=top, animate=False, force=True, immediate=True)
            self._is_moving = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling up by key, wheel or bar pauses following; coming to the end continues it."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_moving and round(old_value) != round(new_value):
            self._following = round(new_value) >= self._last_top
            if self._following:
                self._new_lines = 0
            self._tell_follow()

    def _tell_follow(self) -> None:
        """Tell the screen when following began or ended, or how many lines are new."""

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Draw one row: a line or a part of one; on the last row, how many lines are new while paused."""
        width = self._width
        row = self._top + y
        blank = self._tones.component("line")
        if row >= self._buffer.rows.count:
            return Strip.blank(width, blank)
        index, part = self._buffer.rows.line_at(row)
        number = self._buffer.number_at(index)
        strip = self._painter.paint(number, part, self._buffer.rows.width, number == self._found)
        left = self.scroll_offset.x
        if left or strip.cell_length != width:
            on = self._tones.component("found") if number == self._found else blank
            strip = strip.crop_extend(left, left + width, on)
        if y == self._height - 1 and not self._following and self._new_lines:
            return self._with_indicator(strip, width)
        return strip

    def _with_indicator(self, strip: Strip, width: int) -> Strip:
        text = f" ▼ {self._new_lines:,} new "
        room = width - text_width(text)
        if room < 0:
            return strip
        return Strip([*strip.crop(0, room), Segment(text, self._tones.component("indicator"))], width)
