"""Which stamps a run works on now, whoever started it: asked of every helper VM now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.engine.progress import EngineProgress
from backends.operations.engine.watch import EngineWatch
from backends.streams import Cell

if TYPE_CHECKING:
    from backends.operations.engine.operations import EngineOperations

_ASK_S = 10.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class GoingRun:
    """A run that goes on: the engine's command, the number of its job, and how far its log says it is."""

    stamp: str
    word: str
    number: str
    progress: EngineProgress


class FleetJobs:
    """Asks while `run` runs; `going` has the run of each stamp that has one, also while its VM does not answer."""

    def __init__(self, operations: EngineOperations, clock: Clock) -> None:
        self._operations = operations
        self._clock = clock
        self._watches: dict[str, tuple[str, EngineWatch]] = {}
        self.going: Cell[Mapping[str, GoingRun]] = Cell({})

    async def run(self) -> None:
        """Ask until cancelled."""
        asking = [asyncio.create_task(self._ask(name), name=f"jobs of {name}") for name in self._operations.sites]
        try:
            while True:
                self._look()
                await self._clock.sleep(_LOOK_S)
        finally:
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, name: str) -> None:
        site = self._operations.sites[name]
        while True:
            try:
                jobs = await site.jobs.list(10)
            except SourceError:
                pass  # whatever keeps the VM from answering is told where helper VMs are shown
            else:
                busy = next((each for each in jobs if not each.state.is_over), None)
                if busy is not None and name not in self._watches:
                    watch = self._operations.watch(site, busy.number, busy.word)
                    self._watches[name] = (busy.word, watch)
            await self._clock.sleep(_ASK_S)

    def _look(self) -> None:
        going = {}
        for name, (word, watch) in list(self._watches.items()):
            if watch.job.value.state.is_over or watch.trouble.value:
                del self._watches[name]
            else:
                going[name] = GoingRun(name, word, watch.number, watch.progress.value)
        self.going.set(going)
