"""Every change of this console, those going on first: enter shows one, leaving the screen ends none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.lines import line, spread
from screens.places import HistoryPlace, RunPlace, RunsPlace
from screens.runs.place import place_of
from screens.runs.rows import run_columns, run_rows
from screens.simple_table import changes
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from backends.operations.runs import Run

ACTIONS = (
    Action("runs.history", "h", "History", "everything that was ever changed from this account", "Runs", "history"),
    Action("runs.copy", "c", "Copy", "copy the command that does the same by hand", "Runs", footer="copy command"),
)


class RunsScreen(FramedScreen):
    """Runs, live and ended, newest first."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "runs.tcss"

    def __init__(self, deck: Deck, place: RunsPlace) -> None:
        super().__init__(deck, place)
        self._rows: dict[str, Row] = {}

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield LiveTable(run_columns(), frame_rate=self.deck.frame_rate)

    @property
    def table(self) -> LiveTable:
        """The runs."""
        return self.query_one(LiveTable)

    @property
    def main(self) -> Widget:
        return self.table

    def on_mount(self) -> None:
        nothing = "nothing was changed since this console was started; :history shows what was before"
        self.table.set_empty_texts(not_loaded="still starting", empty=nothing, no_match="")
        super().on_mount()

    def draw(self) -> None:
        runs = self.deck.writing.runs
        if runs is None:
            return
        listed = runs.all.value
        rows = run_rows(listed, self.deck.clock.now(), self.deck.glyphs)
        self.table.apply(changes(self._rows, rows))
        self._rows = rows
        active = sum(not run.status.value.state.is_over for run in listed)
        right = line((f"{active} going on", "accent") if active else ("none going on", "dim"))
        left = line(("runs", "title"), ("  leaving this screen ends none of them", "dim"))
        self.query_one("#title", Heading).show(spread(left, right, max(20, self.size.width - 2)))

    @on(RowSelected)
    def _selected(self, event: RowSelected) -> None:
        runs = self.deck.writing.runs
        run = runs.find(int(event.row.uid)) if runs is not None else None
        self.visit(place_of(run) if run is not None else RunPlace(int(event.row.uid)))

    @property
    def _chosen(self) -> Run | None:
        row, runs = self.table.cursor_row, self.deck.writing.runs
        return runs.find(int(row.uid)) if row is not None and runs is not None else None

    def action_copy(self) -> None:
        if run := self._chosen:
            self.copy(run.change.command, "copied the command")

    def action_history(self) -> None:
        self.visit(HistoryPlace())
