"""Collections of one stamp that are followed always, each folded into its numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice

from backends.clock import Clock
from backends.model.fleet import PodCounts, TimelineEntry
from backends.model.pods import PodTally, RestartCount
from backends.model.table import Column, Row
from backends.model.tallies import NodeTally, WarningTally, WorkloadTally
from backends.model.timeline import workload_changes
from backends.operations.attachment import Attachment
from backends.operations.ports import ClusterReader

_ROWS_A_TURN = 1000
"""Rows folded before other tasks get their turn: about 2 ms of work."""


class Followed(Attachment):
    """One collection of one stamp, its state, and what a subclass makes of its rows."""

    def __init__(self, cluster: ClusterReader, clock: Clock, kind: str, field_selector: str = "") -> None:
        super().__init__(cluster, clock, kind, field_selector=field_selector)
        self._primed = False

    @property
    def primed(self) -> bool:
        """Whether a full list was folded once."""
        return self._primed

    async def fold(self, now: float) -> list[TimelineEntry]:
        """Fold what changed since the last call; return it in words."""
        if self.reflection is None or self.changes is None:
            return []
        complete = self.reflection.state.value.as_of is not None  # asked first: rows put meanwhile belong to it
        batch, store = self.changes.drain(), self.reflection.store
        entries: list[TimelineEntry] = []
        if batch:
            rows: Mapping[str, Row | None] = batch.rows
            if batch.columns_changed:
                self.learn(store.columns)
                rows = {**store.rows, **{uid: None for uid, row in rows.items() if row is None}}
            entries = await self._fold_rows(rows, now)
        self._primed = self._primed or complete
        return entries

    def learn(self, columns: Sequence[Column]) -> None:
        """Take the meaning of the cells."""

    def take(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        """Fold some changed rows."""
        return []

    def forget(self) -> None:
        """Begin anew with a new store."""

    async def _fold_rows(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        if len(rows) <= _ROWS_A_TURN:
            return self.take(rows, now)
        entries: list[TimelineEntry] = []
        items = iter(rows.items())
        while part := dict(islice(items, _ROWS_A_TURN)):
            entries += self.take(part, now)
            await asyncio.sleep(0)
        return entries

    def begin(self) -> None:
        self._primed = False
        self.forget()


class FollowedNodes(Followed):
    """The nodes of a stamp."""

    def __init__(self, cluster: ClusterReader, clock: Clock) -> None:
        super().__init__(cluster, clock, "nodes")
        self._tally = NodeTally()

    def learn(self, columns: Sequence[Column]) -> None:
        self._tally.set_columns(columns)

    def take(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        return self._tally.apply(rows, now, primed=self._primed)

    def forget(self) -> None:
        self._tally = NodeTally()

    def counts(self) -> tuple[int, int, int] | None:
        """Return (ready, total, cordoned), None before the first full list."""
        return self._tally.counts() if self._primed else None


class FollowedWorkloads(Followed):
    """The workloads of one kind of a stamp."""

    def __init__(self, cluster: ClusterReader, clock: Clock, kind: str, singular: str) -> None:
        super().__init__(cluster, clock, kind)
        self._singular = singular
        self._tally = WorkloadTally(workload_changes(singular))

    def learn(self, columns: Sequence[Column]) -> None:
        self._tally.set_columns(columns)

    def take(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        return self._tally.apply(rows, now, primed=self._primed)

    def forget(self) -> None:
        self._tally = WorkloadTally(workload_changes(self._singular))

    def counts(self) -> tuple[int, int] | None:
        """Return (ready, total), None before the first full list."""
        return self._tally.counts() if self._primed else None


class FollowedPods(Followed):
    """Pods of a stamp in all namespaces, all of them or some by a field selector."""

    def __init__(
        self, cluster: ClusterReader, clock: Clock, restarts: RestartCount | None = None, field_selector: str = ""
    ) -> None:
        super().__init__(cluster, clock, "pods", field_selector)
        self._restarts = restarts or RestartCount()
        self._tally = PodTally(self._restarts)

    def learn(self, columns: Sequence[Column]) -> None:
        self._tally.set_columns(columns)

    def take(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        self._tally.apply(rows, now, again=self._restarts.is_primed and not self._primed)
        return []

    def forget(self) -> None:
        self._tally = PodTally(self._restarts)

    def counts(self) -> PodCounts | None:
        """Return the counts, None before the first full list."""
        return self._tally.counts() if self._primed else None


class FollowedWarnings(Followed):
    """The warning events of a stamp."""

    def __init__(self, cluster: ClusterReader, clock: Clock) -> None:
        super().__init__(cluster, clock, "events", "type=Warning")
        self._tally = WarningTally()

    def learn(self, columns: Sequence[Column]) -> None:
        self._tally.set_columns(columns)

    def take(self, rows: Mapping[str, Row | None], now: float) -> list[TimelineEntry]:
        return self._tally.apply(rows, now, primed=self._primed)

    def forget(self) -> None:
        self._tally = WarningTally()

    def total(self, now: float) -> int | None:
        """Return warnings of the last 15 minutes, None before the first full list."""
        return self._tally.total(now) if self._primed else None


def followed_workloads(cluster: ClusterReader, clock: Clock) -> tuple[FollowedWorkloads, ...]:
    """Return the workload kinds that are followed always."""
    return (
        FollowedWorkloads(cluster, clock, "deployments.apps", "deployment"),
        FollowedWorkloads(cluster, clock, "statefulsets.apps", "statefulset"),
        FollowedWorkloads(cluster, clock, "daemonsets.apps", "daemonset"),
    )
