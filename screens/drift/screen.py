"""What is not the same on all stamps; enter compares one object in every detail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.widget import Widget

from backends.model.age import format_duration
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.drift.rows import aspect_of, comparison_columns, comparison_rows, survey_columns, survey_rows
from screens.frame import FramedScreen
from screens.lines import Line, line, spread
from screens.places import DriftPlace
from screens.simple_table import changes
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from backends.operations.drift import Comparison, Drift, Survey

ACTIONS = (
    Action("drift.again", "r,ctrl+r", "Compare again", "read all stamps again", "Drift", footer="again"),
    Action("drift.all", "a", "Show all", "also what is the same everywhere, or meant to differ", "Drift", footer="all"),
    Action("drift.copy", "c", "Copy", "copy what the row is about", "Drift", footer="copy"),
)
_WITHOUT_DETAIL = ("cluster", "nodes")


class DriftScreen(FramedScreen):
    """A survey of all stamps, or one object of all of them; read when it is opened, and when asked."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "drift.tcss"
    place: DriftPlace

    def __init__(self, deck: Deck, place: DriftPlace, drift: Drift) -> None:
        super().__init__(deck, place)
        self._drift = drift
        self._survey: Survey | None = None
        self._comparison: Comparison | None = None
        self._show_all = False
        self._read_at = 0.0
        self._rows: dict[str, Row] = {}
        self._heading: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        names = self.deck.overview.names
        columns = comparison_columns(names) if self.place.name else survey_columns(names)
        yield LiveTable(columns, frame_rate=self.deck.frame_rate)

    @property
    def table(self) -> LiveTable:
        """What differs."""
        return self.query_one(LiveTable)

    @property
    def main(self) -> Widget:
        return self.table

    def on_mount(self) -> None:
        self.table.set_empty_texts(
            not_loaded=f"comparing {', '.join(self.deck.overview.names)}",
            empty="nothing differs that is not meant to",
            no_match="",
        )
        super().on_mount()
        self.action_again()

    def draw(self) -> None:
        now = int(self.deck.clock.now())
        drawn = (now, self._survey, self._comparison, self._show_all, self.size)
        if drawn != self._heading:
            self._heading = drawn
            title = line((self.place.crumb, "title"), (f"  {self._unknown()}", "warn"))
            self.query_one(Heading).show(spread(title, self._summary(), max(20, self.size.width - 2)))

    def action_again(self) -> None:
        self.work(self._read, exclusive=True)

    async def _read(self) -> None:
        place = self.place
        if place.name:
            self._comparison = await self._drift.compare(place.kind, place.name, place.namespace)
        else:
            self._survey = await self._drift.survey(place.namespace)
        self._read_at = self.deck.clock.now()
        self._show()

    def _show(self) -> None:
        if self._comparison is not None:
            rows = comparison_rows(self._comparison, self.deck.overview.names, self.deck.glyphs)
        elif self._survey is not None:
            rows = survey_rows(self._survey, self.deck.glyphs, self._show_all)
        else:
            return
        self.table.apply(changes(self._rows, rows))
        self._rows = rows

    def _unknown(self) -> str:
        """Which stamps are not in it."""
        found = self._comparison or self._survey
        unknown = dict(found.unknown or {}) if found else {}
        missing = self._comparison.missing if self._comparison else ()
        said = [f"not known: {', '.join(unknown)}"] if unknown else []
        return "; ".join([*said, *([f"not on {', '.join(missing)}"] if missing else [])])

    def _summary(self) -> Line:
        if not self._read_at:
            return line(("comparing", "dim"))
        count = len(self._survey.drifting) if self._survey else len(self._rows)
        age = format_duration(self.deck.clock.now() - self._read_at)
        said = (f"{count} differ", "warn-strong") if count else ("nothing differs", "good")
        return line(said, (f"  read {age} ago", "dim"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of one object everything that differs is shown."""
        return not (action == "all" and self.place.name)

    def action_all(self) -> None:
        self._show_all = not self._show_all
        self._show()

    @on(RowSelected)
    def _compare(self, event: RowSelected) -> None:
        aspect = aspect_of(self._survey, event.row.uid) if self._survey else None
        if aspect is None:
            return
        if aspect.what in _WITHOUT_DETAIL:
            self.say(f"{aspect.what}: there is no more to compare here")
            return
        kind, _, name = aspect.what.partition("/")
        self.visit(DriftPlace(kind, name, aspect.namespace or None))

    def action_copy(self) -> None:
        if row := self.table.cursor_row:
            self.copy(row.name, f"copied {row.name}")
