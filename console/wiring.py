"""The one place that knows concrete classes: configuration in, running services out.

Nothing heavy is imported until `open_services` is entered, so that a first paint or `--help` does not pay for it.
Then what watching needs is imported, in a thread; whatever else there is comes when it is asked for, or when
`Services.prepare` is: all of it would double the time to the first rows.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from backends.clock import Clock, SystemClock
from console import vm_services
from console.terminal_prompter import prompter_at_terminal
from console.vm_hands import VmHands
from console.ways import WayThroughVm
from console.writing_services import NEEDED, WritingServices

if TYPE_CHECKING:
    from backends.kubernetes import Cluster
    from backends.model.change import Change
    from backends.model.stamp import Stamp
    from backends.operations.details import Details
    from backends.operations.doctor import Doctor
    from backends.operations.drift import Drift
    from backends.operations.fleet import Fleet
    from backends.operations.logs import Logs
    from backends.operations.reconciliation import Reconciliation
    from backends.operations.resources import Resources
    from backends.operations.work import Work
    from backends.probe import HttpProbe
    from console.settings import Settings


class Services(WritingServices, VmHands):
    """Everything the console can do, running, on the stamps it was opened for.

    A service that is not needed to watch is made at its first use; `prepare` spares that use the import.
    """

    def __init__(
        self,
        settings: Settings,
        stamps: tuple[Stamp, ...],
        everywhere: Mapping[str, Cluster],
        probes: Mapping[str, HttpProbe],
        clock: Clock,
    ) -> None:
        from backends.operations.fleet import Fleet
        from backends.operations.resources import Resources

        clusters = {each.name: everywhere[each.name] for each in stamps}
        self.settings = settings
        self.stamps = stamps
        self.everywhere = everywhere
        self.fleet: Fleet = Fleet(clusters, probes, clock)
        self.resources: Resources = Resources(clusters, clock)
        self._clusters = clusters
        self._probes = probes
        self._clock = clock

    @cached_property
    def details(self) -> Details:
        """One object in depth."""
        from backends.operations.details import Details

        return Details(self._clusters, self._clock)

    @cached_property
    def logs(self) -> Logs:
        """Log lines, merged over stamps."""
        from backends.operations.logs import Logs

        return Logs(self._clusters, self._clock)

    @cached_property
    def doctor(self) -> Doctor:
        """Every source examined."""
        from backends.journal import works_still
        from backends.operations.doctor import Doctor
        from backends.operations.journal_check import journal_check

        journal = partial(journal_check, self.journal, works_still)
        return Doctor(self._clusters, self._probes, self._clock, lambda: self.sites, (journal,))

    @cached_property
    def drift(self) -> Drift:
        """What is not the same on all stamps."""
        from backends.operations.drift import Drift

        return Drift(self._clusters, self.settings.intended)

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """What ended processes left open, compared with the clusters."""
        from backends.journal import works_still
        from backends.operations.reconciliation import Reconciliation

        return Reconciliation(self.journal, self.rebuilt, works_still)

    def rebuilt(self, change: Change) -> Work | None:
        """Return the work of a change read from the journal, None when it cannot be made here."""
        if change.action.startswith("aks-engine "):
            return self.engine.rebuild(change)
        if change.action == "vm-put":
            return self.vm_file_works.rebuild(change)
        return super().rebuilt(change)

    async def prepare_engine(self) -> None:
        """Import in a thread what reaches the helper VMs."""
        await asyncio.to_thread(_load, vm_services.NEEDED)

    async def prepare(self) -> None:
        """Import in a thread what the services made at their first use need."""
        through_vms = vm_services.NEEDED if any(each.helper_vm for each in self.settings.stamps) else ()
        await asyncio.to_thread(_load, (*_FOR_THE_REST, *through_vms))

    async def close(self) -> None:
        """Close what was made here; what is being changed is left open in the journal."""
        await self.close_runs()
        await self.close_forwards()
        await self.close_vms()
        if "journal" in vars(self):
            await self.journal.__aexit__(None, None, None)


_FOR_WATCHING = ("backends.kubernetes", "backends.operations.fleet", "backends.operations.resources")
_FOR_THE_REST = (
    "backends.model.describe",
    "backends.operations.details",
    "backends.operations.surroundings",
    "backends.operations.logs",
    "backends.operations.doctor",
    "backends.operations.journal_check",
    "backends.operations.reconciliation",
    *NEEDED,
)


def preload() -> None:
    """Import what `open_services` needs; run it in a thread (`asyncio.to_thread`) to keep the loop free."""
    _load(_FOR_WATCHING)


def _load(names: tuple[str, ...]) -> None:
    for name in names:
        importlib.import_module(name)


@contextlib.asynccontextmanager
async def open_services(
    settings: Settings,
    *,
    stamps: tuple[str, ...] = (),
    follow_fleet: bool = True,
    clock: Clock | None = None,
) -> AsyncIterator[Services]:
    """Run the services for the named stamps (all when none is named) until the context is left.

    Opening neither waits for the network nor fails because of it: what cannot be reached says so in its state.
    `follow_fleet` False leaves the fleet's own watches and probes out, for commands that look at one thing.
    """
    await asyncio.to_thread(preload)
    from backends.kubernetes import Cluster

    clock = clock or SystemClock()
    chosen = settings.only(stamps)
    async with contextlib.AsyncExitStack() as stack:
        # Of all stamps: what changes one asks the others first. A cluster nobody asks anything costs nothing.
        opened: list[Services] = []
        everywhere = {
            each.name: await stack.enter_async_context(Cluster(each, clock, way=_way_to(each, opened)))
            for each in settings.stamps
        }
        probes = await _open_probes(chosen, clock)
        for probe in probes.values():
            stack.push_async_callback(probe.close)
        services = Services(settings, chosen, everywhere, probes, clock)
        services.prompter = prompter_at_terminal()
        opened.append(services)
        stack.push_async_callback(services.close)
        if follow_fleet:
            following = asyncio.create_task(services.fleet.run(), name="fleet")
            following.add_done_callback(_log_failure)
            stack.push_async_callback(_end, following)
        yield services


def _way_to(stamp: Stamp, opened: list[Services]) -> WayThroughVm | None:
    """Return the way to a stamp's API through its helper VM, if it needs one; by then the services are there."""
    return WayThroughVm(lambda: opened[0].helper_vms[stamp.name]) if stamp.cluster.via_helper else None


async def _open_probes(stamps: tuple[Stamp, ...], clock: Clock) -> dict[str, HttpProbe]:
    """Make the probes of the applications that are configured; without any their HTTP client is not imported."""
    configured = [(each.name, each.application) for each in stamps if each.application is not None]
    if not configured:
        return {}
    await asyncio.to_thread(importlib.import_module, "backends.probe")
    from backends.probe import HttpProbe

    return {name: HttpProbe(name, access, clock) for name, access in configured}


def _log_failure(task: asyncio.Task[None]) -> None:
    """Note the end of a task that should go on, when it ends: its owner hears of it only on closing."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logging.getLogger(__name__).error("%s ended", task.get_name(), exc_info=error)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; an error it ended with is raised."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
