"""The console's aks-engine runs: planning them, watching any job on any stamp, and taking up what was left open."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence

from backends.clock import Clock
from backends.errors import SourceError, UsageError
from backends.model.change import Change
from backends.model.engine.command import Deploy, EngineCommand
from backends.model.job import JobStatus
from backends.model.preflight.facts import PreflightFacts
from backends.operations.engine.reading import read_preflight
from backends.operations.engine.site import EngineSite
from backends.operations.engine.watch import EngineWatch, EngineWatches
from backends.operations.engine.work import EngineWork

ACTION = "aks-engine "
"""How the actions of runs begin in the journal."""


class EngineOperations:
    """Everything about runs, for all stamps that have a helper VM; `sites` by stamp."""

    def __init__(self, sites: Mapping[str, EngineSite], watches: EngineWatches, clock: Clock, who: str) -> None:
        self.sites = sites
        self.clock = clock
        self.who = who
        self._watches = watches

    def site(self, stamp: str) -> EngineSite:
        """Return a stamp's site; UsageError when it has no helper VM in fleet.yaml."""
        if stamp not in self.sites:
            todo = "add helper_vm (and azure_stack) to this stamp in fleet.yaml"
            raise UsageError(f"{stamp} has no helper VM", todo=todo, stamp=stamp)
        return self.sites[stamp]

    async def plan(self, stamp: str, command: EngineCommand) -> EngineWork:
        """Return the work of a command; UsageError when it makes no sense, SourceError without the api model."""
        site = self.site(stamp)
        model = None if isinstance(command, Deploy) else await site.engine.api_model()
        return EngineWork.plan(site, self, command, model, f"{command.WORD}-{uuid.uuid4().hex[:12]}")

    def rebuild(self, change: Change) -> EngineWork | None:
        """Return the work of a recorded run, None when the change is none of ours or its stamp has no helper VM."""
        if not change.action.startswith(ACTION) or change.stamp not in self.sites:
            return None
        try:
            return EngineWork.from_change(change, self.sites[change.stamp], self)
        except (KeyError, TypeError, ValueError):
            return None

    async def examine(self, site: EngineSite, command: EngineCommand) -> PreflightFacts:
        """Look at everything a run depends on."""
        return await read_preflight(site, command, self.sites, self.clock)

    def watch(self, site: EngineSite, number: str, word: str) -> EngineWatch:
        """Watch a job, whoever started it."""
        return self._watches.watch(site.name, number, site.jobs, word)

    async def jobs(self, stamps: Sequence[str] = ()) -> dict[str, Sequence[JobStatus] | SourceError]:
        """Return the newest jobs of each stamp's helper VM, or why they could not be read."""
        names = [name for name in self.sites if not stamps or name in stamps]
        found = await asyncio.gather(*(self._jobs_of(name) for name in names))
        return dict(zip(names, found, strict=True))

    async def _jobs_of(self, name: str) -> Sequence[JobStatus] | SourceError:
        try:
            return await self.sites[name].jobs.list()
        except SourceError as error:
            return error

    async def close(self) -> None:
        """Stop watching; the jobs go on."""
        await self._watches.close()
