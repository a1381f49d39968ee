"""Everything that was changed from this account, newest first, as it is recorded: enter shows one in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from backends.errors import StampdeckError
from backends.model.filter import FilterError, RowFilter, parse_filter
from backends.model.table import Row
from backends.operations.history import History
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.history.rows import COLUMNS, NOTHING_YET, counts_text, is_open, operation_row, table_columns
from screens.history.taking_up import TakingUp
from screens.lines import line, spread
from screens.places import HistoryPlace, OperationPlace
from screens.simple_table import changes
from screens.widgets.heading import Heading, Trouble
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from backends.operations.ports import Journal
    from backends.operations.reconciliation import Reconciliation

_AGAIN_S = 1.0

ACTIONS = (
    Action("history.open", "o", "Open ones", "show only what has no end yet, or all again", "History", footer="open"),
    Action("history.filter", "slash", "Filter", "/text, /!text, /stamp:orlando, /result:failed", "History", "filter"),
    Action(
        "history.compare",
        "r,ctrl+r",
        "Compare",
        "ask the clusters what became of operations whose process ended",
        "History",
        footer="compare open",
    ),
    Action(
        "history.take-up",
        "t",
        "Go on",
        "go on with an open operation where it stopped, once it is agreed to anew",
        "History",
        footer="go on",
        writes=True,
    ),
    Action("history.verify", "v", "Verify", "check the chain of the journal, row by row", "History", footer="verify"),
    Action("history.copy", "c", "Copy", "copy the operation's number", "History", footer="copy"),
)


class HistoryScreen(TakingUp):
    """The journal's operations; what other consoles of this machine record appears too."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "history.tcss"

    def __init__(self, deck: Deck, place: HistoryPlace, journal: Journal, reconciliation: Reconciliation) -> None:
        super().__init__(deck, place)
        self._journal = journal
        self._history = History(journal)
        self._reconciliation = reconciliation
        self._rows: dict[str, Row] = {}
        self._made: dict[str, Row] = {}
        """By the hash of the newest event of their operation."""
        self._tried_at = 0.0
        self._reading = False
        self._problem = ""
        self._filter = RowFilter("")
        self._filter_before = ""
        self._open_only = False
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Trouble()
        yield LiveTable(table_columns(), frame_rate=self.deck.frame_rate)

    @property
    def table(self) -> LiveTable:
        """The operations."""
        return self.query_one(LiveTable)

    @property
    def main(self) -> Widget:
        return self.table

    def on_mount(self) -> None:
        self.table.set_empty_texts(
            not_loaded="reading the journal", empty=NOTHING_YET, no_match="nothing recorded matches — esc shows all"
        )
        self.table.set_sort("time", reverse=True)
        super().on_mount()

    def draw(self) -> None:
        now = self.deck.clock.now()
        if not self._reading and abs(now - self._tried_at) >= _AGAIN_S:
            self._tried_at = now
            self._reading = True
            self.work(self._load, group="reading")
        drawn = (len(self._rows), self._history.operations, self._problem, self._shown_words(), self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_title()

    async def _load(self) -> None:
        try:
            await self._read()
        finally:
            self._reading = False

    async def _read(self) -> None:
        try:
            is_new = await self._history.read_on()
        except StampdeckError as error:
            self._problem = str(error)
            return
        self._problem = ""
        if is_new or not self._rows:
            known, self._made = self._made, {}
            for each in self._history.operations:
                # Most are as they were: a row takes 30 µs to make, and there may be thousands.
                key = each.events[-1].hash
                self._made[key] = known.get(key) or operation_row(each)
            rows = {row.uid: row for row in self._made.values()}
            self.table.apply(changes(self._rows, rows))
            self._rows = rows

    def _shown_words(self) -> str:
        return " ".join(each for each in ("open ones" if self._open_only else "", self._filter.text) if each)

    def _draw_title(self) -> None:
        width = max(20, self.size.width - 2)
        left = line(("history", "title"), (f"  {self._shown_words()}" if self._shown_words() else "", "accent"))
        still = any(each.is_open for each in self._history.operations)
        right = line((counts_text(self._history.operations), "warn-strong" if still else "dim"))
        self.query_one(Heading).show(spread(left, right, width))
        self.query_one(Trouble).show(self._problem, self.deck.glyphs)

    @on(RowSelected)
    def _selected(self, event: RowSelected) -> None:
        self.visit(OperationPlace(int(event.row.uid), event.row.name))

    def action_open(self) -> None:
        self._open_only = not self._open_only
        self._apply_filter()

    def action_filter(self) -> None:
        self._filter_before = self._filter.text
        self.prompt.open("filter", "/", self._filter.text, hint="text, !text, stamp:orlando, result:failed, who:alice")

    def edited(self, mode: str, text: str) -> str:
        try:
            self._filter = parse_filter(text, COLUMNS)
        except FilterError as error:
            return str(error)
        self._apply_filter()
        return ""

    def abandoned(self, mode: str) -> None:
        self.edited("filter", self._filter_before)

    def step_back(self) -> bool:
        if not self._filter and not self._open_only:
            return False
        self._open_only = False
        self.edited("filter", "")
        return True

    def _apply_filter(self) -> None:
        accepts, open_only, now = self._filter.matches, self._open_only, self.deck.clock.now
        narrowed = open_only or bool(self._filter)
        self.table.set_filter(
            (lambda row: (not open_only or is_open(row)) and accepts(row, now())) if narrowed else None
        )

    def action_compare(self) -> None:
        self.work(self._compare, group="comparing", exclusive=True)

    async def _compare(self) -> None:
        try:
            found = await self._reconciliation.run()
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        self._tried_at = 0.0
        self.say("\n".join(map(str, found)) if found else "nothing is open")

    def action_take_up(self) -> None:
        row = self.table.cursor_row
        if row is None or not is_open(row):
            self.say("nothing is open there", "warning")
        else:
            self.take_up(row.name, self._reconciliation)

    def action_verify(self) -> None:
        self.work(self._verify, group="verifying", exclusive=True)

    async def _verify(self) -> None:
        try:
            found = await self._journal.verify()
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        if found.holds:
            self.say(f"the chain holds: {found.rows:,} rows, head {found.head[:12]}")
        else:
            where = f"row {found.broken_at:,}: " if found.broken_at is not None else ""
            self.say(f"the chain is broken: {where}{found.why}", "error")

    def action_copy(self) -> None:
        if (row := self.table.cursor_row) and row.name:
            self.copy(row.name, f"copied {row.name}")
