"""The line above a table or a view, and what is wrong below it: drawn anew only when they say something else."""

from __future__ import annotations

from textual.widgets import Static

from screens.glyphs import Glyphs
from screens.lines import EMPTY, Line, as_content, line


class Heading(Static):
    """A line of fixed height: changing it lays nothing out (12 ms a time for a whole screen)."""

    DEFAULT_CSS = "Heading { height: 1; padding: 0 1; background: $surface; }"

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._line = EMPTY

    def show(self, said: Line) -> None:
        """Say this; the same line again costs nothing."""
        if said != self._line:
            self._line = said
            self.update(as_content([said]), layout=False)


class Trouble(Static):
    """What is wrong, below a heading: takes no room while nothing is, and lays out only when that changes."""

    DEFAULT_CSS = "Trouble { height: auto; max-height: 2; padding: 0 1; background: $surface; display: none; }"

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._text = ""

    def show(self, text: str, glyphs: Glyphs) -> None:
        """Say what is wrong; nothing when nothing is."""
        if text != self._text:
            self._text = text
            self.update(as_content([line((f"{glyphs.down} {text}", "bad"))]))
            self.display = bool(text)
