"""Writes to the terminal only the cells that changed.

Textual writes every region that was marked dirty, whether it changed or not: 19 KB for one step of a table
at 160x50. Here its updates go into a model of the screen, and what differs from the terminal is written, as
soon as the terminal takes it; updates that come before that are folded into one frame.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.screen import Screen

from screens.output.cells import CellMaker
from screens.output.frame import Frame
from screens.output.textual_parts import ChopsUpdate, LayoutUpdate, why_stock

_log = logging.getLogger(__name__)

RETRY_S = 0.005
"""How soon to look again whether the terminal takes a frame."""


class DiffOutput(App[Any]):
    """Mixin for an App, before App in the bases: `class StampdeckApp(AckPacing, DiffOutput, App[None])`.

    Falls back to Textual's own output where its inner parts differ from those known (`stock_reason` says
    why), and for good when writing changed cells fails in any way.
    """

    stock_reason: str = why_stock()
    frames_written: int = 0
    input_at: float = 0.0
    """When the last key or click came, in seconds of the monotonic clock."""
    _frame: Frame | None = None
    _cell_maker: CellMaker | None = None
    _frame_writer: object = None
    _frame_cursor: tuple[int, int] = (-1, -1)
    _retry_planned: bool = False

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent) and not isinstance(event, events.MouseMove):
            self.input_at = time.monotonic()
        await super().on_event(event)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if renderable is None or not self._writes_cells():
            super()._display(screen, renderable)
            return
        if not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            self._frame = None
            super()._display(screen, renderable)
            return
        if self._batch_count:
            return
        try:
            self._take(screen, renderable)
            self._send_frame()
        except Exception as error:
            _log.exception("writing changed cells failed; continuing with Textual's own output")
            self._give_up(f"{type(error).__name__}: {error}")
            super()._display(screen, screen._compositor.render_full_update())
        else:
            self.post_display_hook()

    def _writes_cells(self) -> bool:
        """Whether this is a full-screen terminal whose changed cells can be written."""
        if self.stock_reason or not self._running or self._closed or self.is_headless:
            return False
        return self._driver is not None and not self._driver.is_inline

    def _give_up(self, reason: str) -> None:
        self.stock_reason = reason
        self._frame = None

    def _take(self, screen: Screen[Any], update: LayoutUpdate | ChopsUpdate) -> None:
        """Fold one of Textual's updates into the frame; a new frame takes the whole screen."""
        width, height = self.size
        writer = getattr(self._driver, "_writer_thread", None)
        frame = self._frame
        if frame is None or (frame.width, frame.height) != (width, height) or writer is not self._frame_writer:
            frame = self._frame = Frame(width, height)
            self._cell_maker = CellMaker(self.console._color_system or ColorSystem.TRUECOLOR)
            self._frame_writer = writer
            self._frame_cursor = (-1, -1)
            if isinstance(update, ChopsUpdate):
                update = screen._compositor.render_full_update()
        assert self._cell_maker is not None
        cells = self._cell_maker.cells
        if isinstance(update, LayoutUpdate):
            for y, line in enumerate(update.strips, update.region.y):
                frame.put(update.region.x, y, cells(line))
            return
        for y, first, last in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                # A chop is drawn by one stack of widgets, all of which the update rendered if it touches the span.
                if strip is not None and x < last and end > first:
                    frame.put(x, y, cells((strip,)))

    def _may_send_frame(self) -> bool:
        """Whether the terminal took all that was written: Textual's queue of writes blocks the loop when full.

        The first frame does not wait for the short sequences before it: looking again would be 5 ms later.
        """
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is None or (writer.is_alive() and (not self.frames_written or writer._queue.empty()))

    def _send_frame(self) -> None:
        """Write what is not yet shown, now or when the terminal takes it."""
        if self._frame is None or not self._writes_cells():
            return
        cursor_x, cursor_y = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not self._frame.is_dirty and self._frame_cursor == (cursor_x, cursor_y):
            return
        if not self._may_send_frame():
            self._plan_retry()
            return
        sequence = self._frame.write()
        if not sequence and self._frame_cursor == (cursor_x, cursor_y):
            return
        assert self._driver is not None
        self._frame_cursor = (cursor_x, cursor_y)
        self._begin_update()
        self._driver.write(f"{sequence}\x1b[{cursor_y + 1};{cursor_x + 1}H")
        self._end_update()
        self.frames_written += 1
        self._driver.flush()

    def _plan_retry(self) -> None:
        if not self._retry_planned:
            self._retry_planned = True
            self.set_timer(RETRY_S, self._retry)

    def _retry(self) -> None:
        self._retry_planned = False
        self._send_frame()

    def _on_resize(self, event: events.Resize) -> None:  # type: ignore[override]
        """Forget what is shown: a resized or resumed terminal may show anything (Textual's own handler runs too)."""
        if self._frame is not None:
            self._frame = None
            if self.screen_stack:
                self.screen.refresh()
