"""Numbers of a stamp folded from changed rows, and what the same changes mean in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.model.fleet import TimelineEntry
from backends.model.pods import restarts_of
from backends.model.table import Column, Row
from backends.model.timeline import CellReader, RowDifference, node_changes, readiness, warning_changes
from backends.model.typed import number
from backends.model.window import WINDOW_S, RollingCount


class RowMemory:
    """The rows of one kind as last seen, to put a change in words; the first ones are no change."""

    def __init__(self, difference: RowDifference) -> None:
        self.reader = CellReader(())
        self.rows: dict[str, Row] = {}
        self._difference = difference

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Learn the columns by name."""
        self.reader = CellReader(columns)

    def apply(self, rows: Mapping[str, Row | None], at: float, *, primed: bool) -> list[TimelineEntry]:
        """Fold changed rows; return words for them once `primed`, which the first full list does."""
        found: list[TimelineEntry] = []
        for uid, row in rows.items():
            before = self.rows.get(uid)
            if row is None:
                self.rows.pop(uid, None)
            else:
                self.rows[uid] = row
            if primed:
                found += self._difference(self.reader, before, row, at)
        return found


class NodeTally(RowMemory):
    """Nodes ready, cordoned and in all."""

    def __init__(self) -> None:
        super().__init__(node_changes)

    def counts(self) -> tuple[int, int, int]:
        """Return (ready, total, cordoned)."""
        ready = cordoned = 0
        for row in self.rows.values():
            words = self.reader.text(row, "status").split(",")
            ready += "Ready" in words
            cordoned += "SchedulingDisabled" in words
        return ready, len(self.rows), cordoned


class WorkloadTally(RowMemory):
    """Workloads of one kind with all their wanted pods ready, and in all."""

    def counts(self) -> tuple[int, int]:
        """Return (ready, total)."""
        ready = 0
        for row in self.rows.values():
            have, wanted = readiness(self.reader, row)
            ready += have >= wanted
        return ready, len(self.rows)


class WarningTally:
    """Warning events of the last 15 minutes, counted by occurrence."""

    def __init__(self) -> None:
        self.reader = CellReader(())
        self._seen: dict[str, int] = {}
        self._window = RollingCount()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Learn the columns by name."""
        self.reader = CellReader(columns)

    def apply(self, rows: Mapping[str, Row | None], at: float, *, primed: bool) -> list[TimelineEntry]:
        """Fold changed events; return words for new occurrences once `primed`."""
        fresh: list[Row] = []
        for uid, row in rows.items():
            before = self._seen.pop(uid, None)
            if row is None:
                continue
            count = max(1, restarts_of(self.reader.cell(row, "count"))[0])
            self._seen[uid] = count
            more = count - before if before is not None else count
            if more > 0 and self._note(row, more, before is None, at):
                fresh.append(row)
        return warning_changes(self.reader, fresh, at) if primed else []

    def total(self, now: float) -> int:
        """Return how many warnings are known to have occurred in the last 15 minutes."""
        return self._window.total(now)

    def _note(self, row: Row, more: int, first: bool, at: float) -> bool:
        """Count occurrences at the time the event says; whether they are recent enough to count at all."""
        ago_s = number("lastseen", self.reader.cell(row, "lastseen")) or 0.0
        if ago_s >= WINDOW_S:
            return False
        if first and row.created_at and row.created_at <= at - WINDOW_S:
            more = 1  # of an older series only the last occurrence is known to be recent
        self._window.add(at - ago_s, more)
        return True
