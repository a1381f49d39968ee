"""The stamps of the fleet: blocks side by side where they fit, one line each where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.widgets import Static

from backends.model.fleet import FleetSnapshot, StampSnapshot
from screens.fleet.dense import dense_lines
from screens.fleet.rows import BLOCK_LINES, block_lines
from screens.glyphs import HEALTH_TONES, Glyphs, is_starting
from screens.lines import as_content, line

if TYPE_CHECKING:
    from backends.operations.engine.fleet_jobs import GoingRun

BLOCK_HEIGHT = BLOCK_LINES + 2
BLOCK_WIDTH = 40


class Arrangement(NamedTuple):
    """How the stamps are laid out: blocks in so many columns and rows, or dense lines (no columns)."""

    columns: int
    rows: int


def arrange(width: int, height: int, stamps: int) -> Arrangement:
    """Return the layout for `stamps` in a space of `width` by `height` cells."""
    columns = max(1, min(stamps, width // BLOCK_WIDTH))
    rows = -(-stamps // columns)
    if width < BLOCK_WIDTH or rows * BLOCK_HEIGHT > height:
        return Arrangement(0, 0)
    return Arrangement(-(-stamps // rows), rows)


class StampBlock(Static):
    """One stamp. Its border says whether it is chosen and, in colour beside the words, how it is."""

    class Pressed(Message):
        """The block was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, number: int, stamp: StampSnapshot, glyphs: Glyphs) -> None:
        super().__init__(
            "", markup=False, classes=" ".join(name for name, on in _classes(stamp, number == 0).items() if on)
        )
        self._number = number
        self._glyphs = glyphs
        self.border_title = as_content([line((stamp.name, "strong"))])

    def show(self, stamp: StampSnapshot, now: float, width: int, chosen: bool, going: GoingRun | None) -> None:
        """Draw a stamp in so many cells, with the run that works on it."""
        self.update_classes(_classes(stamp, chosen), animate=False)
        where = "" if stamp.location == stamp.name else stamp.location
        self.border_subtitle = as_content([line((where, "dim"))]) if where else None
        self.update(as_content(block_lines(stamp, now, width, self._glyphs, going)))

    def on_click(self) -> None:
        self.post_message(self.Pressed(self._number))


def _classes(stamp: StampSnapshot, chosen: bool) -> dict[str, bool]:
    """Return what the style of a block depends on, and whether it holds."""
    tone = "dim" if is_starting(stamp.api) else HEALTH_TONES[stamp.api.health]
    return {**{f"-{each}": each == tone for each in ("good", "warn", "bad", "dim")}, "-chosen": chosen}


class Board(Container):
    """All stamps; `choose` moves the choice."""

    def __init__(self, glyphs: Glyphs, fleet: FleetSnapshot) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._fleet = fleet
        self._now = 0.0
        self._room = (0, 0)
        self._going: Mapping[str, GoingRun] = {}
        self.chosen = 0

    def compose(self) -> ComposeResult:
        yield Static("", id="dense", markup=False)
        for number, stamp in enumerate(self._fleet.stamps):
            yield StampBlock(number, stamp, self._glyphs)

    def show(
        self,
        fleet: FleetSnapshot,
        now: float,
        room: tuple[int, int],
        going: Mapping[str, GoingRun] = MappingProxyType({}),
    ) -> None:
        """Draw a snapshot in a space of (width, height) cells; `going` are the runs by stamp."""
        self._fleet, self._now, self._going = fleet, now, going
        if room != self._room:
            self._room = room
            self._lay_out(arrange(*room, len(fleet.stamps)))
        self._draw()

    def _lay_out(self, arrangement: Arrangement) -> None:
        dense = arrangement.columns == 0
        self.set_class(dense, "-dense")
        if not dense:
            self.styles.grid_size_columns = arrangement.columns
            self.styles.grid_size_rows = arrangement.rows
            self.styles.height = arrangement.rows * BLOCK_HEIGHT
        else:
            self.styles.height = "auto"
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if self.has_class("-dense"):
            width = self._room[0] - 2
            lines = dense_lines(self._fleet.stamps, self.chosen, self._now, width, self._glyphs, self._going)
            self.query_one("#dense", Static).update(as_content(lines))
            return
        columns = max(1, arrange(*self._room, len(self._fleet.stamps)).columns)
        width = max(10, self._room[0] // columns - 4)
        for number, (block, stamp) in enumerate(zip(self.query(StampBlock), self._fleet.stamps, strict=False)):
            block.show(stamp, self._now, width, number == self.chosen, self._going.get(stamp.name))

    @property
    def chosen_name(self) -> str:
        """The stamp that keys act on."""
        return self._fleet.stamps[self.chosen].name

    def choose(self, by: int) -> None:
        """Move the choice, around the end."""
        self.chosen = (self.chosen + by) % len(self._fleet.stamps)
        self._draw()

    def move(self, across: int, down: int) -> None:
        """Move the choice as the arrangement lies."""
        columns = max(1, arrange(*self._room, len(self._fleet.stamps)).columns)
        self.choose(across + down * columns)
