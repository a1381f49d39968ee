"""The rows of one stamp in a view over several: aligned to the view's columns, with what they use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from backends.clock import Clock
from backends.model.health import OFF, Health, SourceState
from backends.model.table import CellValue, Column, Row, RowBatch, split
from backends.model.typed import column_key
from backends.operations.attachment import Attachment
from backends.operations.columns import NODE_USAGE, POD_USAGE, aligner, node_usage_cells, pod_usage_cells
from backends.operations.polled import Polled, Rhythm
from backends.operations.ports import ClusterReader

Cells: TypeAlias = tuple[CellValue, ...]
UsageCells: TypeAlias = Callable[[Row], Cells]

USAGE_RHYTHM = Rhythm(interval_s=15.0, slow_after_s=10.0, silent_after_s=15.0, give_up_s=20.0, retry_cap_s=8.0)
_REDRAWN_A_DRAIN = 400
"""Rows given new usage at once: a poll changes every row, and all of them in one frame would be felt."""
_RELATIVE = frozenset({"lastseen", "firstseen", "lastschedule", "restarts"})


class StampUsage:
    """What the pods or nodes of a stamp use, polled while a view is open."""

    def __init__(self, cluster: ClusterReader, clock: Clock, kind: str, namespace: str | None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self.columns = POD_USAGE if kind == "pods" else NODE_USAGE
        ask: Callable[[], Awaitable[UsageCells]] = self._pods if kind == "pods" else self._nodes
        self.polled: Polled[UsageCells] = Polled(ask, clock, USAGE_RHYTHM)

    async def _pods(self) -> UsageCells:
        usage = await self._cluster.pod_usage(self._namespace)
        return lambda row: pod_usage_cells(usage.get((row.namespace, row.name)))

    async def _nodes(self) -> UsageCells:
        usage: Mapping[str, tuple[int, int]] = await self._cluster.node_usage()
        room: Mapping[str, tuple[int, int]] = await self._cluster.node_allocatable()
        return lambda row: node_usage_cells(usage.get(row.name), room.get(row.name))


class StampRows(Attachment):
    """One stamp's part of a view. `own` are the server's columns, `fit` takes the view's."""

    def __init__(
        self,
        cluster: ClusterReader,
        clock: Clock,
        kind: str,
        usage: StampUsage | None,
        *,
        namespace: str | None,
        selector: str,
        field_selector: str,
    ) -> None:
        super().__init__(cluster, clock, kind, namespace=namespace, selector=selector, field_selector=field_selector)
        self.stamp = cluster.stamp.name
        self.own: tuple[Column, ...] = ()
        self._usage = usage
        self._applied: UsageCells | None = None
        self._width = 0
        self._usage_width = 0
        self._blank: Cells = ()
        self._align: Callable[[Cells], Cells] | None = None
        self._stamped = False
        self._gone: set[str] = set()
        self._shown: set[str] = set()
        self._waiting: list[str] = []
        self._held: dict[str, Row | None] = {}
        self._was_degraded = False

    @property
    def usage_state(self) -> SourceState:
        """How far the usage cells can be trusted."""
        return self._usage.polled.state if self._usage else OFF

    @property
    def usage_columns(self) -> tuple[Column, ...]:
        """The columns to append: there from the start, so that a table does not jump, unless nobody measures."""
        if self._usage is None or self._usage.polled.state.health is Health.OFF:
            return ()
        return self._usage.columns

    @property
    def usage_width(self) -> int:
        """How many usage columns the view has."""
        return self._usage_width

    @property
    def version(self) -> int:
        """Changes with rows, columns, state or usage."""
        seen = self.attached * 7 + len(self._gone) + (id(self._usage.polled.value) if self._usage else 0)
        if self.reflection is None:
            return seen + hash(self.state)
        store = self.reflection.store
        return seen + store.changes_seen + len(store.columns) + self.reflection.state.version

    @property
    def has_waiting(self) -> bool:
        """Whether rows wait to be shown, or for their new usage to be."""
        return bool(self._waiting or self._held)

    def holds_back(self, uid: str) -> bool:
        """Whether a row waits for the next drain and was not in any before."""
        return uid in self._held and uid not in self._shown

    def refresh(self) -> None:
        super().refresh()
        if self._usage is not None:
            self._usage.polled.refresh()

    def note(self, state: SourceState) -> None:
        """Ask for the usage as soon as the rows are followed again: it was lost by the same cause."""
        super().note(state)
        if state.is_live and self._was_degraded and self._usage is not None:
            self._usage.polled.refresh()
        self._was_degraded = state.is_degraded

    def begin(self) -> None:
        self._gone |= self._shown
        self._held = {}
        self.own = ()

    def drain(self, most: int | None = None) -> RowBatch:
        """Return the server's rows that changed, at most so many; those of a reflection that was left are gone."""
        batch = self.changes.drain() if self.changes is not None else RowBatch()
        rows = batch.rows
        if self._gone or self._held:
            rows = {**dict.fromkeys(self._gone), **self._held, **rows}
            self._gone = set()
        rows, self._held = split(rows, most)
        if batch.columns_changed and self.reflection is not None:
            self.own = self.reflection.store.columns
        self._shown.difference_update(uid for uid, row in rows.items() if row is None)
        self._shown.update(uid for uid, row in rows.items() if row is not None)
        return RowBatch(rows, batch.columns_changed)

    def fit_to(self, columns: tuple[Column, ...], usage_columns: tuple[Column, ...]) -> bool:
        """Take the view's columns; return whether cells of rows already drawn have to move."""
        before = self._width, self._usage_width, self._align is None
        self._align = aligner(self.own, columns)
        self._width, self._usage_width = len(columns), len(usage_columns)
        self._blank = ("",) * len(usage_columns)
        self._stamped = any(column_key(column.name) in _RELATIVE for column in columns)
        return self._align is not None or before != (self._width, self._usage_width, True)

    def fit(self, row: Row) -> Row:
        """Return the row with its cells where the view wants them."""
        cells = self._align(row.cells) if self._align else row.cells
        if self._usage_width:
            if len(cells) < self._width:
                cells += ("",) * (self._width - len(cells))
            cells += self._applied(row) if self._applied else self._blank
        seen_at = self._clock.now() if self._stamped and not row.seen_at else row.seen_at
        if cells is row.cells and seen_at == row.seen_at:
            return row
        return Row(
            row.uid, row.stamp, row.namespace, row.name, cells, row.created_at, row.labels, row.owner, row.version,
            row.deleting, seen_at,
        )  # fmt: skip

    def take_usage(self) -> None:
        """Notice a new answer about usage: all rows wait for their new cells."""
        value = self._usage.polled.value if self._usage else None
        if value is not self._applied and self.reflection is not None:
            self._applied = value
            self._waiting = list(self.reflection.store.rows)

    def next_waiting(self) -> list[Row]:
        """Return some rows whose usage cells are to be drawn anew."""
        some, self._waiting = self._waiting[:_REDRAWN_A_DRAIN], self._waiting[_REDRAWN_A_DRAIN:]
        rows = self.reflection.store.rows if self.reflection else {}
        return [row for uid in some if (row := rows.get(uid)) is not None]
