"""The ports of this machine that lead into pods: where to, how they are, what happened; they end with the console."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.forwards.rows import TITLES, forward_rows, reason_lines
from screens.frame import FramedScreen
from screens.lines import line, spread
from screens.places import ForwardsPlace
from screens.simple_table import changes, text_columns
from screens.text_view import TextView
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable

if TYPE_CHECKING:
    from backends.operations.forwarding import Forwarding

ACTIONS = (
    Action("forwards.stop", "x", "Stop", "stop listening, and cut what is open through it", "Ports", footer="stop"),
    Action("forwards.copy", "c", "Copy address", "copy the address to connect to", "Ports", footer="copy address"),
    Action("forwards.turn", "tab", "Table or log", "move in the table, or in what happened", "Ports", footer="log"),
)


class ForwardsScreen(FramedScreen):
    """Forwarded ports, live."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "forwards.tcss"

    def __init__(self, deck: Deck, place: ForwardsPlace) -> None:
        super().__init__(deck, place)
        self._rows: dict[str, Row] = {}
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield LiveTable(text_columns(TITLES, long=("TARGET", "POD")), frame_rate=self.deck.frame_rate)
        yield TextView()

    @property
    def table(self) -> LiveTable:
        """The ports."""
        return self.query_one(LiveTable)

    @property
    def log_view(self) -> TextView:
        """What happened to them."""
        return self.query_one(TextView)

    @property
    def main(self) -> Widget:
        return self.table

    def on_mount(self) -> None:
        nothing = "no port is forwarded: F on a pod, a service or a workload leads one there"
        self.table.set_empty_texts(not_loaded="still starting", empty=nothing, no_match="")
        super().on_mount()

    def draw(self) -> None:
        forwards = self.deck.writing.forwards
        if forwards is None:
            return
        listed = forwards.forwards.value
        rows = forward_rows(listed, self.deck.clock.now(), self.deck.glyphs)
        self.table.apply(changes(self._rows, rows))
        self._rows = rows
        left = line(("forwarded ports", "title"), ("  they end with the console", "dim"))
        right = line((f"{len(listed)} open", "accent") if listed else ("none", "dim"))
        self.query_one("#title", Heading).show(spread(left, right, max(20, self.size.width - 2)))
        self._draw_lines(forwards)

    def _draw_lines(self, forwards: Forwarding) -> None:
        """Show what happened; the end is followed while it is in view."""
        batch = forwards.lines.read()
        if (batch.next, self.size) == self._drawn:
            return
        view, self._drawn = self.log_view, (batch.next, self.size)
        follows = view.scroll_y >= view.max_scroll_y - 1
        view.show(lambda width: reason_lines(batch.items, width))
        if follows:
            self.call_after_refresh(view.action_edge, True)

    # Keys

    def action_stop(self) -> None:
        row, forwards = self.table.cursor_row, self.deck.writing.forwards
        if row is not None and forwards is not None:
            self.work(partial(forwards.stop, int(row.uid)), group="stop")

    def action_copy(self) -> None:
        if row := self.table.cursor_row:
            self.copy(row.name, f"copied {row.name}")

    def action_turn(self) -> None:
        self.set_focus(self.log_view if self.table.has_focus else self.table)
