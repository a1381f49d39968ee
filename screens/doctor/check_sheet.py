"""All of one check over the doctor's page, nothing cut."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from backends.model.checks import Check
from screens.doctor.lines import whole_lines
from screens.glyphs import Glyphs
from screens.lines import Line, as_content, as_text, line


class CheckSheet(ModalScreen[str]):
    """Gives the text to be copied when `c` was pressed, else nothing."""

    CSS_PATH = "check_sheet.tcss"
    BINDINGS: ClassVar = [
        Binding("escape,q,enter", "dismiss('')", "close"),
        Binding("c", "copy", "copy"),
        Binding("ctrl+q,ctrl+c", "app.quit", "quit", priority=True),
        Binding("down,j", "roll(1)", "down", show=False),
        Binding("up,k", "roll(-1)", "up", show=False),
    ]

    def __init__(self, check: Check, by_hand: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._check, self._by_hand, self._glyphs = check, by_hand, glyphs

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="sheet", can_focus=False) as sheet:
            sheet.border_title = as_content([line(self._check.stamp or "fleet")])
            sheet.border_subtitle = "c copies, esc closes"
            yield Static(as_content(self._lines(min(self.app.size.width, 100) - 12)), markup=False)

    def _lines(self, width: int) -> list[Line]:
        return whole_lines(self._check, self._by_hand, max(20, width), self._glyphs)

    def action_copy(self) -> None:
        """Close, and let what was asked by hand and found be copied."""
        self.dismiss(as_text(whole_lines(self._check, self._by_hand, 1000, self._glyphs)))

    def action_roll(self, lines: int) -> None:
        """Scroll by so many lines."""
        self.query_one("#sheet", VerticalScroll).scroll_relative(y=lines, animate=False)
