"""What can be done with the row under the cursor, or with the marked ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on

from backends.errors import StampdeckError
from backends.model.kinds import ResourceKind, find_kind
from backends.model.table import Column, Row
from screens.deck import Deck
from screens.frame import FramedScreen
from screens.places import ResourcesPlace
from screens.resources.drill import detail_place, drill_place, logs_place, node_place, owner_place, plural_of
from screens.widgets.live_table import LiveTable
from screens.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from backends.operations.details import Details


class RowActions(FramedScreen):
    """A screen with a table of rows of one kind: describing, drilling, logs, owner, node, copying."""

    place: ResourcesPlace

    def __init__(self, deck: Deck, place: ResourcesPlace, details: Details) -> None:
        super().__init__(deck, place)
        self._details = details
        self._columns: tuple[Column, ...] = ()

    @property
    def table(self) -> LiveTable:
        """The table."""
        return self.query_one(LiveTable)

    @property
    def kind(self) -> ResourceKind | None:
        """What discovery says of the kind, once it has said anything."""
        return find_kind(self.deck.words.kinds, self.place.kind)

    @property
    def resource(self) -> str:
        """The plural of the kind."""
        kind = self.kind
        return kind.resource if kind else plural_of(self.place.kind)

    @on(RowSelected)
    def _drill(self, event: RowSelected) -> None:
        resource = self.place.kind if self.kind is None else self.resource
        place = drill_place(resource, event.row, self.place.stamps)
        if place is not None:
            self.visit(place)
        else:
            self.work(partial(self._drill_to_pods, self.place.kind, event.row), group="drill")

    async def _drill_to_pods(self, kind: str, row: Row) -> None:
        try:
            scope = await self._details.pods_of(row.stamp, kind, row.name, row.namespace or None)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        if scope is None:
            self.visit(detail_place(kind, row))
            return
        of = f"{plural_of(kind)}/{row.name}"
        self.visit(ResourcesPlace("pods", (row.stamp,), scope.namespace, scope.selector, scope.field_selector, of=of))

    def _row(self) -> Row | None:
        row = self.table.cursor_row
        if row is None:
            self.say("there is no row here", "warning")
        return row

    def action_describe(self) -> None:
        if row := self._row():
            self.visit(detail_place(self.place.kind, row))

    def action_yaml(self) -> None:
        if row := self._row():
            self.visit(detail_place(self.place.kind, row, yaml=True))

    def action_logs(self, previous: bool = False) -> None:
        row = self._row()
        place = logs_place(self.resource, row, previous=previous) if row else None
        if place is not None:
            self.visit(place)

    def action_owner(self) -> None:
        if row := self._row():
            place = owner_place(row)
            self.visit(place) if place else self.say(f"{row.name} has no owner")

    def action_node(self) -> None:
        if row := self._row():
            place = node_place(self._columns, row)
            self.visit(place) if place else self.say(f"{row.name} is on no node")

    def action_copy(self) -> None:
        rows = self.table.targets
        if rows:
            done = f"copied {rows[0].name}" if len(rows) == 1 else f"copied {len(rows)} names"
            self.copy("\n".join(row.name for row in rows), done)
