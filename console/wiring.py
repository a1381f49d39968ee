"""The one place that knows concrete classes: configuration in, running services out.

Nothing heavy is imported until `open_services` is entered, so that a first paint or `--help` does not pay for it:
the Kubernetes client costs 0.2 s, the HTTP client of the probe 0.03 s where an application is
configured. `preload` imports them, for a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backends.clock import Clock, SystemClock

if TYPE_CHECKING:
    from backends.journal import SqliteJournal
    from backends.model.stamp import Stamp
    from backends.operations.details import Details
    from backends.operations.doctor import Doctor
    from backends.operations.fleet import Fleet
    from backends.operations.logs import Logs
    from backends.operations.reconciliation import Reconciliation
    from backends.operations.resources import Resources
    from backends.probe import HttpProbe
    from console.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the console can do, running, on the stamps it was opened for."""

    settings: Settings
    stamps: tuple[Stamp, ...]
    fleet: Fleet
    resources: Resources
    details: Details
    logs: Logs
    doctor: Doctor
    journal: SqliteJournal
    reconciliation: Reconciliation


def preload() -> None:
    """Import what `open_services` needs; run it in a thread (`asyncio.to_thread`) to keep the loop free."""
    import backends.journal
    import backends.kubernetes
    import backends.operations.details
    import backends.operations.doctor
    import backends.operations.fleet
    import backends.operations.logs
    import backends.operations.reconciliation
    import backends.operations.resources
    import backends.operations.works  # noqa: F401


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
    from backends.journal import SqliteJournal, works_still
    from backends.kubernetes import Cluster
    from backends.operations.details import Details
    from backends.operations.doctor import Doctor
    from backends.operations.fleet import Fleet
    from backends.operations.logs import Logs
    from backends.operations.reconciliation import Reconciliation
    from backends.operations.resources import Resources
    from backends.operations.works import rebuild
    from console.configuration.folders import journal_file

    clock = clock or SystemClock()
    chosen = settings.only(stamps)
    async with contextlib.AsyncExitStack() as stack:
        clusters = {each.name: await stack.enter_async_context(Cluster(each, clock)) for each in chosen}
        probes = await _open_probes(chosen, clock)
        for probe in probes.values():
            stack.push_async_callback(probe.close)
        journal = await stack.enter_async_context(SqliteJournal(journal_file(), clock))
        fleet = Fleet(clusters, probes, clock)
        if follow_fleet:
            following = asyncio.create_task(fleet.run(), name="fleet")
            following.add_done_callback(_log_failure)
            stack.push_async_callback(_end, following)
        yield Services(
            settings=settings,
            stamps=chosen,
            fleet=fleet,
            resources=Resources(clusters, clock),
            details=Details(clusters, clock),
            logs=Logs(clusters, clock),
            doctor=Doctor(clusters, probes, clock),
            journal=journal,
            reconciliation=Reconciliation(journal, lambda change: rebuild(change, clusters, clock), works_still),
        )


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
