"""Pods that are counted in passes instead of being watched: what a large stamp costs us, and it, stays small."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from backends.clock import Clock
from backends.model.age import parse_duration
from backends.model.fleet import PodCounts
from backends.model.health import SourceState
from backends.model.pods import PodTally, RestartCount
from backends.model.table import CellValue, Column, PrintedPage, Row
from backends.model.typed import column_key
from backends.operations.polled import Polled, Rhythm
from backends.operations.ports import ClusterReader

SETTLED = "status.phase!=Pending,status.phase!=Failed,status.phase!=Unknown"
"""Pods that run or are done. Those that crash in a loop are among them: their phase is Running."""
UNSETTLED = "status.phase!=Running,status.phase!=Succeeded"
"""All the others: few enough to be watched on any stamp."""
_EVERY_S = 60.0
_PODS_IN_THAT = 10_000
"""Larger stamps are counted less often in proportion, so that the load on their API does not grow with them."""
_SOONER = 4
"""News of a stamp bring the next pass forward, but to no more than so many in the usual time of one."""


class Counted(NamedTuple):
    """What one whole pass found, and when it began: it says nothing newer. No counts where no STATUS is printed."""

    counts: PodCounts | None
    at: float


class PodCensus:
    """Counts the settled pods of a stamp while `run` runs; `last` is what the last whole pass found."""

    def __init__(self, cluster: ClusterReader, clock: Clock, restarts: RestartCount, size: int) -> None:
        self._cluster = cluster
        self._clock = clock
        self._restarts = restarts
        self._tally = PodTally(restarts)
        self._columns: Sequence[Column] = ()
        self._passes = 0
        self._has_news = False
        self.interval_s = _EVERY_S * max(1.0, size / _PODS_IN_THAT)
        rhythm = Rhythm(
            self.interval_s,
            slow_after_s=self.interval_s / 4,
            silent_after_s=self.interval_s / 2,
            give_up_s=self.interval_s,
            retry_base_s=2.0,
            retry_cap_s=self.interval_s / 2,
        )
        self._polled: Polled[Counted] = Polled(self._pass, clock, rhythm)

    @property
    def state(self) -> SourceState:
        """How the counting goes."""
        return self._polled.state

    @property
    def last(self) -> Counted | None:
        """What the last pass found, None before there was one."""
        return self._polled.value

    async def run(self) -> None:
        """Count until cancelled."""
        await self._polled.run()

    def refresh(self) -> None:
        """Count now."""
        self._polled.refresh()

    def note_news(self) -> None:
        """Count soon, because something happened on the stamp."""
        self._has_news = True

    def hurry(self) -> None:
        """Begin the next pass if there are news and the last one is not too young."""
        last = self.last
        if self._has_news and last is not None and self._clock.now() - last.at >= self.interval_s / _SOONER:
            self._has_news = False
            self._polled.refresh()

    async def _pass(self) -> Counted:
        began = self._clock.now()
        self._has_news = False
        seen: set[str] = set()
        again = self._restarts.is_primed and not self._passes
        async for page in self._cluster.printed("pods", field_selector=SETTLED):
            if page.columns != self._columns:
                self._columns = page.columns
                self._tally.set_columns(page.columns)
            rows = self._rows(page, began)
            self._tally.apply(rows, began, again=again)
            seen |= rows.keys()
            await asyncio.sleep(0)  # other tasks get their turn
        self._tally.apply(dict.fromkeys(self._tally.known - seen), began)
        self._passes += 1
        self._restarts.is_primed = True
        return Counted(self._tally.counts(), began)

    def _rows(self, page: PrintedPage, now: float) -> Mapping[str, Row]:
        """Return lines as rows. A line has no uid, and no namespace: name, address and node are one pod's alone."""
        keys = [column_key(column.name) for column in page.columns]
        places = [keys.index(key) for key in ("name", "ip", "node") if key in keys]
        age = keys.index("age") if "age" in keys else -1
        stamp = self._cluster.stamp.name
        rows: dict[str, Row] = {}
        for cells in page.lines:
            uid = "/".join([str(cells[place]) for place in places if place < len(cells)])
            created_at = _created_at(cells[age], now) if 0 <= age < len(cells) else 0.0
            rows[uid] = Row(uid, stamp, "", uid, cells, created_at)
        return rows


def _created_at(age: CellValue, now: float) -> float:
    """Return when something of that AGE was made, 0 when that is not known."""
    try:
        return now - parse_duration(age) if isinstance(age, str) else 0.0
    except ValueError:
        return 0.0
