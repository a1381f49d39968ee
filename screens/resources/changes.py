"""Changing what the cursor, or the marks, are on: a line is asked for where one is needed, then the dialog opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backends.errors import StampdeckError
from backends.model.table import Row
from screens.resources.change_words import read_images, read_limits, read_replicas, read_revision
from screens.resources.row_actions import RowActions

if TYPE_CHECKING:
    from backends.operations.planner import Planner
    from backends.operations.work import Work

PlanRow = Callable[["Planner", Row], Awaitable["Work"]]
"""Plans a change of one row's object."""


class RowChanges(RowActions):
    """A table whose rows can be changed."""

    def change_rows(self, title: str, plan: PlanRow) -> None:
        """Propose a change of every row that is marked, or of the one under the cursor."""
        rows, planner = self.table.targets, self.deck.writing.planner
        if planner is None:
            self.say(self.deck.overview.failure or "still starting: nothing can be changed yet", "warning")
        elif not rows:
            self.say("there is no row here", "warning")
        elif len(stamps := list(dict.fromkeys(row.stamp for row in rows))) > 1:
            of_stamp = {stamp: [row for row in rows if row.stamp == stamp] for stamp in stamps}
            self.propose_staged(
                f"{title} {_named(rows)}", stamps, lambda stamp: self._plan(planner, plan, of_stamp[stamp])
            )
        else:
            self.propose(f"{title} {_named(rows)}", lambda: self._plan(planner, plan, rows))

    async def _plan(self, planner: Planner, plan: PlanRow, rows: Sequence[Row]) -> Work:
        return await planner.together([partial(plan, planner, row) for row in rows])

    @property
    def _first(self) -> Row | None:
        return next(iter(self.table.targets), None)

    def action_scale(self) -> None:
        if row := self._first:
            wanted = str(row.cells[self._ready_at]).rpartition("/")[2] if self._ready_at >= 0 else ""
            text = wanted if wanted.isdigit() else ""
            self.prompt.open("scale", "replicas:", text, hint="a number, such as 3")

    @property
    def _ready_at(self) -> int:
        names = [column.name.lower() for column in self._columns]
        return names.index("ready") if "ready" in names else -1

    def action_restart(self) -> None:
        kind = self.place.kind
        self.change_rows("restart", lambda planner, row: planner.restart(row.stamp, kind, row.name, row.namespace))

    def action_pause(self) -> None:
        kind = self.place.kind
        self.change_rows("pause", lambda planner, row: planner.pause(row.stamp, kind, row.name, row.namespace))

    def action_resume(self) -> None:
        kind = self.place.kind
        self.change_rows("resume", lambda planner, row: planner.resume(row.stamp, kind, row.name, row.namespace))

    def action_autoscale(self) -> None:
        if self._first:
            self.prompt.open("autoscale", "autoscale:", "min=1 max=10 cpu=80", hint="min=1 max=10 cpu=80")

    def action_set_image(self) -> None:
        self.work(self._ask_for_images, group="change", exclusive=True)

    async def _ask_for_images(self) -> None:
        row, planner = self._first, self.deck.writing.planner
        if row is None or planner is None:
            return
        try:
            images = await planner.images(row.stamp, self.place.kind, row.name, row.namespace)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        text = " ".join(f"{name}={image}" for name, image in images.items())
        self.prompt.open("set-image", "image:", text, hint="container=image:tag, one or more")

    def action_rollback(self) -> None:
        self.work(self._ask_for_revision, group="change", exclusive=True)

    async def _ask_for_revision(self) -> None:
        row, planner = self._first, self.deck.writing.planner
        if row is None or planner is None:
            return
        try:
            known = await planner.revisions(row.stamp, self.place.kind, row.name, row.namespace)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        if not known:
            self.say(f"{row.name} has no earlier revision that is kept", "warning")
            return
        self.say("revisions, newest first:\n" + "\n".join(known[:8]))
        self.prompt.open("rollback", "revision:", known[0].partition(" ")[0], hint="a number; empty: the one before")

    def entered(self, mode: str, text: str) -> str:
        """Take the line a change asked for; return what is wrong with it, or nothing."""
        kind = self.place.kind
        try:
            if mode == "scale":
                replicas = read_replicas(text)
                self.change_rows("scale", lambda p, row: p.scale(row.stamp, kind, row.name, row.namespace, replicas))
            elif mode == "autoscale":
                limits = read_limits(text)
                self.change_rows("autoscale", lambda p, r: p.autoscale(r.stamp, kind, r.name, r.namespace, limits))
            elif mode == "set-image":
                images = read_images(text)
                self.change_rows("set image of", lambda p, r: p.set_images(r.stamp, kind, r.name, r.namespace, images))
            elif mode == "rollback":
                number = read_revision(text)
                self.change_rows("roll back", lambda p, r: p.rollback(r.stamp, kind, r.name, r.namespace, number))
            else:
                return super().entered(mode, text)
        except ValueError as error:
            return str(error)
        return ""


def _named(rows: Sequence[Row]) -> str:
    return rows[0].name if len(rows) == 1 else f"{len(rows)} objects"
