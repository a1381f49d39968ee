"""One line above a table or a view, drawn anew only when it says something else."""

from __future__ import annotations

from textual.widgets import Static

from screens.lines import EMPTY, Line, as_content


class Heading(Static):
    """A line of fixed height: changing it lays nothing out (12 ms a time for a whole screen)."""

    DEFAULT_CSS = "Heading { height: 1; padding: 0 1; background: $surface; }"

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)
        self._line = EMPTY

    def show(self, line: Line) -> None:
        """Say this; the same line again costs nothing."""
        if line != self._line:
            self._line = line
            self.update(as_content([line]), layout=False)
