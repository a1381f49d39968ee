"""Changing nodes and any other object from its row: cordon, drain, delete, evict, label, edit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backends.errors import StampdeckError
from backends.model.table import Row
from screens.resources.change_words import read_deletion, read_drain
from screens.resources.changes import RowChanges

if TYPE_CHECKING:
    from backends.model.drain import DrainOptions
    from backends.operations.work import Work


class ObjectChanges(RowChanges):
    """What can be changed of objects whatever their kind, and of nodes."""

    def action_cordon(self) -> None:
        self.change_rows("cordon", lambda planner, row: planner.cordon(row.stamp, row.name))

    def action_uncordon(self) -> None:
        self.change_rows("uncordon", lambda planner, row: planner.uncordon(row.stamp, row.name))

    def action_drain(self) -> None:
        if self._first:
            self.prompt.open("drain", "drain with:", hint="nothing, or: force emptydir grace=30 timeout=30m")

    def action_delete(self) -> None:
        if self._first:
            self.prompt.open("delete", "delete:", hint="nothing, or: foreground, orphan, grace=30")

    def action_evict(self) -> None:
        self.change_rows("evict", lambda planner, row: planner.evict(row.stamp, row.name, row.namespace))

    def action_label(self) -> None:
        if self._first:
            self.prompt.open("label", "label:", hint="key=value, or key- to remove it")

    def action_annotate(self) -> None:
        if self._first:
            self.prompt.open("annotate", "annotate:", hint="key=value, or key- to remove it; values without blanks")

    def action_edit(self) -> None:
        if len(self.table.targets) > 1:
            self.say("one object at a time: clear the marks", "warning")
        elif row := self._first:
            self.work(partial(self._edit, row), group="change", exclusive=True)

    async def _edit(self, row: Row) -> None:
        from screens.resources.editing import edit_object  # with the first edit

        planner = self.deck.writing.planner
        if planner is None:
            self.say(self.deck.overview.failure or "still starting: nothing can be changed yet", "warning")
            return
        try:
            before = await planner.read(row.stamp, self.place.kind, row.name, row.namespace or None)
            edited = await edit_object(self.app, before)
        except StampdeckError as error:
            self.say(str(error), "error")
            return
        if edited is None:
            self.say("nothing was changed")
        else:
            self.propose(f"edit {row.name}", lambda: planner.edit(row.stamp, before, edited))

    def entered(self, mode: str, text: str) -> str:
        """Take the line a change asked for; return what is wrong with it, or nothing."""
        kind = self.place.kind
        try:
            if mode == "drain":
                self._drain(read_drain(text))
            elif mode == "delete":
                propagation, grace_s = read_deletion(text)
                self.change_rows(
                    "delete",
                    lambda p, row: p.delete(
                        row.stamp, kind, row.name, row.namespace or None, propagation=propagation, grace_s=grace_s
                    ),
                )
            elif mode in ("label", "annotate"):
                self._set_pairs(mode, text)
            else:
                return super().entered(mode, text)
        except ValueError as error:
            return str(error)
        return ""

    def _drain(self, options: DrainOptions) -> None:
        """Drain a node, or several one after another, each examined and agreed to when its turn comes."""
        rows, planner = self.table.targets, self.deck.writing.planner
        if len(rows) < 2 or planner is None:
            self.change_rows("drain", lambda planner, row: planner.drain(row.stamp, row.name, options))
            return
        named = {f"{row.stamp} {row.name}": row for row in rows}

        async def plan(name: str) -> Work:
            return await planner.drain(named[name].stamp, named[name].name, options)

        self.propose_nodes(f"drain {len(named)} nodes", {name: row.stamp for name, row in named.items()}, plan)

    def _set_pairs(self, mode: str, text: str) -> None:
        from backends.operations.object_works.label import read_pairs

        kind, values = self.place.kind, read_pairs(text.split())
        if not values:
            raise ValueError("write key=value, or key- to remove it")
        if mode == "label":
            self.change_rows("label", lambda p, row: p.label(row.stamp, kind, row.name, row.namespace or None, values))
        else:
            self.change_rows(
                "annotate", lambda p, row: p.annotate(row.stamp, kind, row.name, row.namespace or None, values)
            )
