"""A live table of one kind: of one stamp, or of all in one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual import events, on
from textual.widget import Widget
from textual.worker import Worker

from backends.model.filter import FilterError, RowFilter, parse_filter
from backends.model.health import Health
from backends.model.table import Row
from backends.operations.resources import ResourceRequest
from screens.actions import bindings
from screens.deck import Deck
from screens.lines import spread, width_of
from screens.places import Moved, ResourcesPlace
from screens.resources import change_keys
from screens.resources.change_keys import KINDS
from screens.resources.columns import default_sort, table_columns
from screens.resources.csv_lines import csv_lines
from screens.resources.drill import WITH_LOGS, plural_of
from screens.resources.keys import ACTIONS, LARGEST_FIRST
from screens.resources.pod_changes import PodChanges
from screens.resources.rows import Counts, favourites, favourites_line, states_line, title_line
from screens.widgets.heading import Heading
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import SortChanged

if TYPE_CHECKING:
    from backends.operations.details import Details
    from backends.operations.resources import Resources, ResourceView

ROWS_A_FRAME = 10_000
"""Rows taken over at once: about 20 ms of work."""
_FILLING_S = 2.0
"""How long a list may take to come in before it is drawn as often as anything."""
_FILL_PERIOD_S = 0.25


class ResourcesScreen(PodChanges):
    """Rows of one kind, pulled from the view ten times a second at most."""

    ACTIONS = (*change_keys.ACTIONS, change_keys.FORWARD, *ACTIONS)
    BINDINGS: ClassVar = bindings((*change_keys.ACTIONS, change_keys.FORWARD, *ACTIONS))
    CSS_PATH = "resources.tcss"

    def __init__(self, deck: Deck, place: ResourcesPlace, resources: Resources, details: Details) -> None:
        super().__init__(deck, place, details)
        self._resources = resources
        self._view: ResourceView | None = None
        self._following: Worker[None] | None = None
        self._sorted_by: tuple[str, bool] | None = None
        self._wide = False
        self._filter = RowFilter("")
        self._filter_text = place.filter
        self._filter_before = ""
        self._seen = -1
        self._drawn_as: object = None
        self._loaded = False
        self._opened_at = self._taken_at = 0.0
        self._looked_at = ""
        self._drawn: object = None

    def body(self) -> Iterator[Widget]:
        yield Heading(id="title")
        yield Heading(id="states")
        yield LiveTable(row_tone=self._row_tone, frame_rate=self.deck.frame_rate)

    @property
    def main(self) -> Widget:
        return self.table

    @property
    def stamps(self) -> tuple[str, ...]:
        """The stamps in scope."""
        return self.place.stamps or self.deck.overview.names

    def on_mount(self) -> None:
        super().on_mount()
        self._open(self.place)

    def _open(self, place: ResourcesPlace) -> None:
        """Follow what the place names, in place of what was followed."""
        if self._following is not None:
            self._following.cancel()
        self.place = place
        self._view, self._seen, self._loaded = None, -1, False
        self._taken_at = 0.0
        self._columns, self._drawn_as = (), None
        self.table.clear()
        self._say_empty()
        self._following = self.work(partial(self._follow, place))

    def _move(self, place: ResourcesPlace) -> None:
        """Show another place on this screen, the cursor on the same object if it is there too."""
        row = self.table.cursor_row
        self._looked_at = row.uid if row is not None else ""
        self._open(place)
        self.post_message(Moved(place))

    async def _follow(self, place: ResourcesPlace) -> None:
        request = ResourceRequest(place.kind, self.stamps, place.namespace, place.selector, place.field_selector)
        async with self._resources.open(request) as view:
            self._view, self._opened_at = view, time.monotonic()
            await view.settled(_FILLING_S)
            if self.is_current:
                self._taken_at = 0.0
                self._frame()  # with the whole list, which need not wait for the next frame
            await asyncio.Event().wait()

    def draw(self) -> None:
        view = self._view
        if view is not None and view.version != self._seen and not self._is_filling(view):
            self._seen = view.version
            self._take(view)
        self._draw_heading_if_new()

    @on(LiveTable.CountsChanged)
    def _draw_heading_if_new(self) -> None:
        """Draw the lines above the table, as soon as its counts differ and not only with the next frame."""
        counts = Counts(self.table.shown_count, self.table.total_count, len(self.table.marked))
        drawn = (self._seen, counts, self._filter_text, self.place, int(self.deck.clock.now()), self.size)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw_heading(counts)

    def _is_filling(self, view: ResourceView) -> bool:
        """Whether a list is coming in and was drawn a moment ago: every frame would delay its last row."""
        now = time.monotonic()
        return (
            self._loaded
            and now - self._taken_at < _FILL_PERIOD_S
            and now - self._opened_at < _FILLING_S
            and any(state.health is Health.RETRYING for state in view.states.values())
        )

    def _take(self, view: ResourceView) -> None:
        at_once = not self._taken_at
        self._taken_at = time.monotonic()
        batch = view.drain(ROWS_A_FRAME)
        if (view.columns, self.kind) != self._drawn_as:
            self._drawn_as = (view.columns, self.kind)
            self._columns = view.columns
            self._set_columns()
        settled = any(state.health is not Health.RETRYING for state in view.states.values())
        if batch or (settled and not self._loaded):
            self._loaded = True
            self.table.apply(batch, at_once=at_once)
            self._return_to_row(view)

    def _return_to_row(self, view: ResourceView) -> None:
        """Put the cursor where it was before the move, unless the stamp answered without that object."""
        if self._looked_at:
            state = view.states.get(self._looked_at.partition("/")[0])
            if self.table.move_to(self._looked_at) or state is None or state.is_live:
                self._looked_at = ""

    def _set_columns(self) -> None:
        if not self._columns:
            return
        kind = self.kind
        namespaced = kind.namespaced if kind else True
        key, reverse = self._sorted_by or (default_sort(plural_of(self.place.kind), self._columns), False)
        self.table.set_columns(
            table_columns(
                self._columns,
                self.resource,
                self.deck.clock.now,
                wide=self._wide,
                with_stamp=len(self.stamps) > 1,
                with_namespace=namespaced and self.place.namespace is None,
                reverse=reverse,
            )
        )
        self.table.set_sort(key, reverse)
        self._set_filter(self._filter_text)

    def _draw_heading(self, counts: Counts) -> None:
        width, glyphs, now = max(20, self.size.width - 2), self.deck.glyphs, self.deck.clock.now()
        kind = self.kind
        states = self._view.states if self._view is not None else {}
        namespaced = kind is None or kind.namespaced
        heading = title_line(self.place, self.resource, self._filter_text, counts, width, glyphs, namespaced=namespaced)
        below = states_line(self.stamps, states, now, width, glyphs)
        if namespaced:
            names, room = favourites(self.deck.words.namespaces), min(width - width_of(below) - 3, width * 3 // 5)
            below = spread(below, favourites_line(names, self.place.namespace, room), width)
        self.query_one("#title", Heading).show(heading)
        self.query_one("#states", Heading).show(below)

    def _row_tone(self, row: Row) -> str | None:
        state = self._view.states.get(row.stamp) if self._view is not None else None
        return None if state is not None and state.is_live else "dim"

    def _say_empty(self) -> None:
        where = f" in namespace {self.place.namespace}" if self.place.namespace else ""
        what = self.resource
        self.table.set_empty_texts(
            not_loaded=f"asking {', '.join(self.stamps)} for {what}",
            empty=f"no {what}{where}",
            no_match=f"none of the rows matches /{self._filter_text} — esc shows all",
        )

    def _set_filter(self, text: str) -> str:
        try:
            found = parse_filter(text, self._columns)
        except FilterError as error:
            return str(error)
        self._filter, self._filter_text = found, text
        now = self.deck.clock.now
        self.table.set_filter((lambda row: found.matches(row, now())) if found else None)
        self._say_empty()
        return ""

    def edited(self, mode: str, text: str) -> str:
        return self._set_filter(text) if mode == "filter" else ""

    def step_back(self) -> bool:
        if self.table.marked:
            self.table.clear_marks()
            return True
        if self._filter_text:
            self._set_filter("")
            return True
        return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide what the kind does not have."""
        if action in KINDS:
            return self.resource in KINDS[action]
        if action in ("logs", "previous_logs"):
            return plural_of(self.resource) in WITH_LOGS
        if action == "node":
            return self.resource in ("pods", "po", "pod")
        if action == "toggle_stamps":
            return len(self.deck.overview.names) > 1
        return True

    def abandoned(self, mode: str) -> None:
        if mode == "filter":
            self._set_filter(self._filter_before)

    def action_filter(self) -> None:
        self._filter_before = self._filter_text
        self.prompt.open(
            "filter", "/", self._filter_text, hint="text, !text, -l app=web, status:Crash, cpu>500m, age<2h"
        )

    @on(SortChanged)
    def _sorted(self, event: SortChanged) -> None:
        turned = event.reverse != (self._sorted_by or ("", False))[1]
        self._sorted_by = (event.key, event.reverse)
        if turned:  # rows without a value and equal rows have their place by the direction
            self._set_columns()

    def on_resize(self, event: events.Resize) -> None:
        self._drawn = None

    def action_refresh(self) -> None:
        if self._view is not None:
            self._view.refresh()
        self.say("asking again", "information")

    def action_save(self) -> None:
        where = "-".join(self.stamps)
        self.save_text(f"{self.resource}-{where}.csv", csv_lines(self.table.columns, self.table.shown_rows))

    def action_wide(self) -> None:
        self._wide = not self._wide
        self._set_columns()

    def action_sort(self, key: str) -> None:
        now, reverse = self.table.sort
        self._sorted_by = (key, not reverse if now == key else key in LARGEST_FIRST)
        self._set_columns()

    def action_namespace(self, number: int) -> None:
        names = favourites(self.deck.words.namespaces)
        if number == 0:
            self._move(replace(self.place, namespace=None))
        elif number <= len(names):
            self._move(replace(self.place, namespace=names[number - 1]))

    def action_toggle_stamps(self) -> None:
        row = self.table.cursor_row
        one = (row.stamp,) if row is not None else self.deck.overview.names[:1]
        self._move(replace(self.place, stamps=() if self.place.stamps else one))
