"""What can be broken on each stamp of a demo, and what is: enter breaks, enter again mends."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from textual import on
from textual.widget import Widget

from backends.errors import StampdeckError
from backends.model.age import format_duration
from backends.model.table import Row
from screens.actions import Action, bindings
from screens.deck import Deck
from screens.faults.control import ActiveFault, FaultControl, KnownFault
from screens.frame import FramedScreen
from screens.lines import Line, line, spread
from screens.places import FaultsPlace
from screens.simple_table import changes, text_columns, text_row
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

FOR_S = 60.0
_AGAIN_S = 1.0
_TITLES = ("STAMP", "FAULT", "NOW", "WHAT IT DOES")

ACTIONS = (
    Action(
        "faults.for-a-minute",
        "t",
        "For a minute",
        "break it now and mend it by itself after 60 s",
        "Faults",
        footer="for 60 s",
    ),
    Action(
        "faults.value",
        "v",
        "With a value",
        "break it with a value: seconds, a node, a workload",
        "Faults",
        footer="with a value",
    ),
    Action(
        "faults.clear-stamp", "x", "Mend the stamp", "clear every fault of this stamp", "Faults", footer="mend stamp"
    ),
    Action("faults.clear-all", "X", "Mend all", "clear every fault of every stamp", "Faults", footer="mend all"),
    Action("faults.filter", "slash", "Filter", "show only faults that contain a text", "Faults", footer="filter"),
)


class FaultsScreen(FramedScreen):
    """Every fault of every stamp, with those in force lit."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar = bindings(ACTIONS)
    CSS_PATH = "faults.tcss"

    def __init__(self, deck: Deck, place: FaultsPlace, control: FaultControl) -> None:
        super().__init__(deck, place)
        self._control = control
        self._known: Sequence[KnownFault] = ()
        self._rows: dict[str, Row] = {}
        self._tried_at = 0.0
        self._filter_text = ""

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield LiveTable(text_columns(_TITLES, long=("WHAT IT DOES",)), frame_rate=self.deck.frame_rate)

    @property
    def table(self) -> LiveTable:
        """The faults."""
        return self.query_one(LiveTable)

    @property
    def main(self) -> Widget:
        return self.table

    def draw(self) -> None:
        now = self.deck.clock.now()
        if now - self._tried_at >= _AGAIN_S:
            self._tried_at = now
            self.work(self._load, exclusive=True, group="status")

    async def _load(self) -> None:
        try:
            self._known = self._known or await self._control.faults()
            active = await self._control.status()
        except StampdeckError as error:
            self._say_title(line((str(error), "bad")))
            return
        rows = fault_rows(self._known, active, self.deck.overview.names)
        self.table.apply(changes(self._rows, rows))
        self._rows = rows
        tone = "bad-strong" if active else "good-strong"
        self._say_title(line((f"{len(active)} in force" if active else "all is well", tone)))

    def _say_title(self, right: Line) -> None:
        left = line(("faults", "title"), ("  enter breaks, enter again mends", "dim"))
        self.query_one(Heading).show(spread(left, right, max(20, self.size.width - 2)))

    @on(RowSelected)
    def _selected(self, event: RowSelected) -> None:
        row = event.row
        if row.owner:
            self._act(partial(self._clear, row.stamp, row.name), f"mended {row.name} on {row.stamp}")
        else:
            self._act(partial(self._set, row, "", None), f"broke {row.stamp}: {row.name}")

    async def _set(self, row: Row, value: str, for_s: float | None) -> None:
        await self._control.set(row.stamp, row.name, value, for_s)

    async def _clear(self, stamp: str, name: str | None) -> None:
        await self._control.clear(stamp, name)

    def _act(self, call: Callable[[], Coroutine[None, None, None]], done: str) -> None:
        async def act() -> None:
            try:
                await call()
            except StampdeckError as error:
                self.say(str(error), "error")
            else:
                self.say(done)
                self._tried_at = 0.0

        self.work(act)

    def action_for_a_minute(self) -> None:
        if row := self.table.cursor_row:
            self._act(partial(self._set, row, "", FOR_S), f"broke {row.stamp}: {row.name} for {FOR_S:.0f} s")

    def action_value(self) -> None:
        if row := self.table.cursor_row:
            self.prompt.open("value", f"{row.name}=", hint="the value, as the table says; empty: the usual one")

    def action_clear_stamp(self) -> None:
        if row := self.table.cursor_row:
            self._act(partial(self._clear, row.stamp, None), f"mended {row.stamp}")

    def action_clear_all(self) -> None:
        async def clear_all() -> None:
            for name in self.deck.overview.names:
                await self._clear(name, None)

        self._act(clear_all, "mended every stamp")

    def action_filter(self) -> None:
        self.prompt.open("filter", "/", self._filter_text)

    def edited(self, mode: str, text: str) -> str:
        if mode == "filter":
            self._filter_text = text
            self.table.set_filter((lambda row: text.lower() in f"{row.stamp} {row.name}".lower()) if text else None)
        return ""

    def entered(self, mode: str, text: str) -> str:
        if mode == "value" and (row := self.table.cursor_row):
            self._act(partial(self._set, row, text, None), f"broke {row.stamp}: {row.name} {text}")
        return self.edited(mode, text)

    def step_back(self) -> bool:
        if self._filter_text:
            self.edited("filter", "")
            return True
        return False


def fault_rows(known: Sequence[KnownFault], active: Sequence[ActiveFault], stamps: Sequence[str]) -> dict[str, Row]:
    """Return a row per stamp and fault; a row in force has an owner."""
    force = {(each.stamp, each.name): each for each in active}
    rows: dict[str, Row] = {}
    for stamp in stamps:
        for fault in known:
            now = force.get((stamp, fault.name))
            meaning = fault.meaning + (f" (value: {fault.argument})" if fault.argument else "")
            cells = (
                (stamp, "accent"),
                (fault.name, "bad" if now else None),
                (_now(now), "bad" if now else "dim"),
                (meaning, None if now else "dim"),
            )
            uid = f"{stamp}/{fault.name}"
            row = text_row(uid, cells, stamp=stamp, name=fault.name)
            rows[uid] = msgspec.structs.replace(row, owner="fault" if now else "")
    return rows


def _now(active: ActiveFault | None) -> str:
    if active is None:
        return "-"
    left = "" if active.left_s is None else f" {format_duration(active.left_s)}"
    return f"IN FORCE{left}" + (f" {active.argument}" if active.argument else "")
