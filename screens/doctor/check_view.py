"""The checks as a page of text in which one of them is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from backends.model.checks import Check
from screens.doctor.lines import Block
from screens.lines import Line
from screens.text_view import TextView

BlockMaker = Callable[[int], list[Block]]
"""Checks as lines for a width in cells; asked again when the width changes."""
SIGN = "› "


class CheckView(TextView):
    """Up and down go from check to check, and the page follows; enter opens the chosen one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"check-view--chosen"}
    DEFAULT_CSS = """
    CheckView > .check-view--chosen { color: $text-accent; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "choose(1)", "next check", show=False),
        Binding("up,k", "choose(-1)", "check before", show=False),
        Binding("home,g", "choose(-1000000)", "first check", show=False),
        Binding("end,G", "choose(1000000)", "last check", show=False),
        Binding("enter", "open", "open", show=False),
    ]

    class Opened(Message):
        """Enter was pressed on a check, or it was clicked."""

        def __init__(self, check: Check) -> None:
            super().__init__()
            self.check = check

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[Check, int, int]] = []
        self._at = 0
        self._wanted: tuple[str, str] | None = None
        """Stamp and source of the check that the reader chose; until then it is the first."""

    def show_checks(self, make: BlockMaker) -> None:
        """Show other checks; the chosen one stays chosen as far as it is still there."""

        def lines(width: int) -> list[Line]:
            blocks = make(width)
            self._note_places(blocks)
            return [each for _, lines in blocks for each in lines]

        self.show(lines)

    @property
    def chosen(self) -> Check | None:
        """The check under the sign."""
        return self._places[self._at][0] if self._at < len(self._places) else None

    def action_choose(self, by: int) -> None:
        """Choose another check and bring it into view."""
        self._at = max(0, min(len(self._places) - 1, self._at + by))
        if self._at < len(self._places):
            check, first, end = self._places[self._at]
            self._wanted = check.stamp, check.source
            top, height = int(self.scroll_y), max(1, self.scrollable_content_region.height)
            if self._at == 0:
                self.scroll_to(y=0, animate=False)
            elif first < top:
                self.scroll_to(y=first, animate=False)
            elif end > top + height:
                self.scroll_to(y=min(first, end - height), animate=False)
        self.refresh()

    def action_open(self) -> None:
        """Tell the screen that the chosen check is to be opened."""
        if self.chosen is not None:
            self.post_message(self.Opened(self.chosen))

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if not self._places or int(self.scroll_y) + y != self._places[self._at][1]:
            return strip
        sign = Segment(SIGN, self.visual_style.rich_style + self.get_component_rich_style("check-view--chosen"))
        return Strip([sign, *strip.crop(len(SIGN))], strip.cell_length)

    def _note_places(self, blocks: list[Block]) -> None:
        """Note on which lines each check lies, and choose the one again that the reader chose."""
        self._places = []
        at = 0
        for check, lines in blocks:
            if check is not None:
                self._places.append((check, at, at + len(lines)))
            at += len(lines)
        names = [(check.stamp, check.source) for check, _, _ in self._places]
        self._at = names.index(self._wanted) if self._wanted in names else 0
