"""Pods by what kubectl says of them, counted as rows change and never recounted."""

from __future__ import annotations

import re
from collections.abc import KeysView, Mapping, Sequence
from operator import add
from typing import Literal, TypeAlias

from msgspec.structs import astuple

from backends.model.age import parse_duration
from backends.model.fleet import PodCounts
from backends.model.table import CellValue, Column, Row
from backends.model.typed import COUNT_AGO, column_key, number, ratio
from backends.model.window import WINDOW_S, RollingCount

PodClass: TypeAlias = Literal["running", "not_ready", "pending", "failing", "finished", "terminating"]

_WAITING = frozenset({"Pending", "ContainerCreating", "PodInitializing", "SchedulingGated"})
_INIT_STEP = re.compile(r"Init:\d+/\d+")


def pod_class(ready: str, status: str, deleting: bool = False) -> PodClass:
    """Return how a pod is, from its READY (`1/2`) and STATUS cells."""
    if deleting or status == "Terminating":
        return "terminating"
    if status == "Running":
        parts = ratio(ready)
        return "running" if parts is None or parts[0] >= parts[1] else "not_ready"
    if status in _WAITING or _INIT_STEP.fullmatch(status):
        return "pending"
    if status in ("Completed", "Succeeded"):
        return "finished"
    return "not_ready" if status == "NotReady" else "failing"


def added(one: PodCounts, other: PodCounts) -> PodCounts:
    """Return the counts of two groups of pods together."""
    return PodCounts(*map(add, astuple(one), astuple(other)))


def restarts_of(cell: CellValue) -> tuple[int, float | None]:
    """Return a RESTARTS cell's count and how many seconds ago the last was: `3 (5m ago)`, `3` or 3."""
    if isinstance(cell, int | float):
        return int(cell), None
    found = COUNT_AGO.fullmatch(cell or "")
    if found is None:
        return int(number("restarts", cell) or 0), None
    try:
        return int(found[1]), parse_duration(found[2])
    except ValueError:
        return int(found[1]), None


class RestartCount:
    """Restarts of one stamp's pods in the last 15 minutes, whichever tallies saw them, each counted once."""

    def __init__(self) -> None:
        self._window = RollingCount()
        self.is_primed = False
        """Whether all pods were looked at once: from then on restarts of before a tally's first look are known."""

    def total(self, now: float) -> int:
        """Return how many restarts are known to have happened in the last 15 minutes."""
        return self._window.total(now)

    def add(self, at: float, restarts: int) -> None:
        """Count restarts that happened at a time."""
        self._window.add(at, restarts)


class PodTally:
    """Counts of one stamp's pods, folded from changes of rows: the cost is per change, not per pod."""

    def __init__(self, restarts: RestartCount | None = None) -> None:
        self._ready = self._status = self._restarts = -1
        self._seen: dict[str, tuple[PodClass, int]] = {}
        self._counts: dict[PodClass, int] = {}
        self._window = restarts or RestartCount()

    @property
    def known(self) -> KeysView[str]:
        """The uids of the pods counted."""
        return self._seen.keys()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Learn where READY, STATUS and RESTARTS are; counts start anew, the window of restarts does not."""
        keys = [column_key(column.name) for column in columns]
        self._ready, self._status, self._restarts = (
            keys.index(key) if key in keys else -1 for key in ("ready", "status", "restarts")
        )

    def apply(self, rows: Mapping[str, Row | None], now: float, *, again: bool = False) -> None:
        """Fold rows that changed (None: gone) at `now`; `again`: restarts of pods new to this tally were counted."""
        for uid, row in rows.items():
            before = self._seen.pop(uid, None)
            if before is not None:
                self._counts[before[0]] -= 1
            if row is not None:
                self._put(uid, row, before, now, again)

    def counts(self) -> PodCounts | None:
        """Return the counts, or None when the server does not print a STATUS column to count by."""
        if self._status < 0:
            return None
        return PodCounts(total=len(self._seen), **self._counts)

    def restarts(self, now: float) -> int:
        """Return how many restarts are known to have happened in the last 15 minutes."""
        return self._window.total(now)

    def _put(self, uid: str, row: Row, before: tuple[PodClass, int] | None, now: float, again: bool) -> None:
        cells = row.cells
        if self._status < 0 or self._status >= len(cells):
            return
        ready = str(cells[self._ready]) if 0 <= self._ready < len(cells) else ""
        state = pod_class(ready, str(cells[self._status]), row.deleting)
        restarts, ago_s = restarts_of(cells[self._restarts]) if 0 <= self._restarts < len(cells) else (0, None)
        if before is None:
            if not again:
                self._note_first(row, restarts, ago_s, now)
        elif restarts > before[1]:
            self._window.add(now, restarts - before[1])
        self._seen[uid] = state, restarts
        self._counts[state] = self._counts.get(state, 0) + 1

    def _note_first(self, row: Row, restarts: int, ago_s: float | None, now: float) -> None:
        """Of restarts before we looked only those are counted that cannot be older than the window."""
        if restarts and row.created_at > now - WINDOW_S:
            self._window.add(now - (ago_s or 0.0), restarts)
        elif restarts and ago_s is not None and ago_s < WINDOW_S:
            self._window.add(now - ago_s, 1)
