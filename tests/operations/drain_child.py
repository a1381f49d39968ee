"""A console that begins a drain and stands still at a chosen point, to be killed there.

Arguments: fleet.yaml, journal file, node, and the point: `note:N` after the N-th step is in the journal and before
it is done, `evicted:N` after the N-th eviction was answered and before anything else is done about it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backends.clock import SystemClock
from backends.journal import SqliteJournal
from backends.kubernetes import Cluster
from backends.model.drain import DrainOptions
from backends.model.journal import EventKind, JournalEvent
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.node_works.drain import DrainWork
from backends.operations.runs import Runs
from console.configuration import load_settings
from tests.operations.gate_stage import YES, FakeLock, FakePreconditions
from tests.support.hurried_clock import HurriedClock


class Standing:
    """Counts what happens, and stands still at the point it was given."""

    def __init__(self, point: str) -> None:
        self._what, _, number = point.partition(":")
        self._left = int(number)

    async def passed(self, what: str) -> None:
        if what != self._what or self._left <= 0:
            return
        self._left -= 1
        if not self._left:
            print("here", flush=True)
            await asyncio.Event().wait()


class StandingJournal(SqliteJournal):
    standing: Standing

    async def record(
        self, operation: str, kind: EventKind, stamp: str, data: Mapping[str, Any] | None = None
    ) -> JournalEvent:
        event = await super().record(operation, kind, stamp, data)
        if kind is EventKind.STEP:
            await self.standing.passed("note")
        return event


class StandingCluster(Cluster):
    standing: Standing

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        await super().evict(pod, namespace, uid=uid, grace_s=grace_s, dry_run=dry_run)
        await self.standing.passed("evicted")


async def main(config: str, journal_file: str, node: str, point: str) -> None:
    clock, standing = HurriedClock(), Standing(point)
    stamp = load_settings(config).stamps[0]
    async with StandingCluster(stamp, SystemClock()) as cluster, StandingJournal(Path(journal_file), clock) as journal:
        cluster.standing = journal.standing = standing
        arming = Arming(clock)
        arming.arm()
        gate = Gate({stamp.name: cluster}, FakePreconditions(), FakeLock(), journal, arming, clock)
        options = DrainOptions(delete_local_data=True, timeout_s=600.0, at_once=2)
        work = await DrainWork.plan(cluster, node, options, clock)
        outcome = await Runs(gate, journal, clock).start(work, await gate.propose(work), YES).finished()
        print(outcome, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
