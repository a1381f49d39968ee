"""The console's aks-engine runs: planning them, watching any job on any stamp, and taking up what was left open."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing

from backends.clock import Clock
from backends.errors import SourceError, UsageError
from backends.model.change import Change
from backends.model.engine.command import Deploy, EngineCommand, command_of
from backends.model.engine.line import EngineLine
from backends.model.job import JobStatus, Signal
from backends.model.journal import EventKind
from backends.model.preflight.aftermath import aftermath
from backends.model.preflight.facts import PreflightFacts
from backends.operations.engine.fleet_jobs import FleetJobs
from backends.operations.engine.live_nodes import LiveNodes
from backends.operations.engine.reading import read_preflight
from backends.operations.engine.site import EngineSite
from backends.operations.engine.sites_view import SitesView
from backends.operations.engine.watch import EngineWatch, EngineWatches
from backends.operations.engine.work import EngineWork
from backends.operations.ports import Journal

ACTION = "aks-engine "
"""How the actions of runs begin in the journal."""


class EngineOperations:
    """Everything about runs, for all stamps that have a helper VM; `sites` by stamp."""

    def __init__(self, sites: Mapping[str, EngineSite], watches: EngineWatches, journal: Journal, clock: Clock) -> None:
        self.sites = sites
        self.clock = clock
        self._watches = watches
        self._journal = journal

    @property
    def who(self) -> str:
        """The operator, as jobs and journal name them."""
        return str(self._journal.author)

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

    async def read_log(self, site: EngineSite, job: JobStatus) -> AsyncIterator[EngineLine]:
        """Yield every line a job has written so far; of one that runs on, what comes later is left out."""
        if not job.size:
            return
        reader, taken = self._watches.reader(str(job.meta.get("operation", ""))), 0
        async with aclosing(site.jobs.follow(job.number, self._watches.mirror(site.name, job.number), 0)) as pieces:
            async for data in pieces:
                taken += len(data)
                for line in reader.feed(data, self.clock.now()):
                    yield line
                if taken >= job.size:
                    break
        for line in reader.close():
            yield line

    async def cancel(self, stamp: str, number: str, signal: Signal) -> JobStatus:
        """Ask a job to end, and write down who did; SourceError or JournalFailed when that cannot be done."""
        site = self.site(stamp)
        data = {"job": number, "signal": str(signal)}
        await self._journal.record("", EventKind.CANCEL, stamp, data)
        return await site.jobs.cancel(number, signal, self.who)

    def view(self) -> SitesView:
        """Return a look at every stamp's engine, for as long as its `run` runs."""
        return SitesView(self.sites, self.clock)

    def fleet_jobs(self) -> FleetJobs:
        """Return a look at what runs on any stamp, for as long as its `run` runs."""
        return FleetJobs(self, self.clock)

    def live_nodes(self, stamp: str) -> LiveNodes:
        """Return a look at a stamp's nodes, for as long as its `run` runs."""
        return LiveNodes(self.site(stamp).cluster, self.clock)

    async def jobs(self, stamps: Sequence[str] = ()) -> dict[str, Sequence[JobStatus] | SourceError]:
        """Return the newest jobs of each stamp's helper VM, or why they could not be read."""
        names = [name for name in self.sites if not stamps or name in stamps]
        found = await asyncio.gather(*(self._jobs_of(name) for name in names))
        return dict(zip(names, found, strict=True))

    async def reconcile(self, stamp: str, number: str) -> tuple[str, ...]:
        """Return what a job left: nodes, machines and api model compared, and what the same command would do now."""
        site = self.site(stamp)
        status = await site.jobs.status(number)
        try:
            command = command_of(status.meta["parameters"])
        except (KeyError, TypeError, ValueError):
            todo = "compare nodes, machines and api model by hand"
            raise UsageError(f"what job {number} was to do is not known", todo=todo, stamp=stamp) from None
        return aftermath(status, await self.examine(site, command))

    async def _jobs_of(self, name: str) -> Sequence[JobStatus] | SourceError:
        try:
            return await self.sites[name].jobs.list()
        except SourceError as error:
            return error

    async def close(self) -> None:
        """Stop watching; the jobs go on."""
        await self._watches.close()
