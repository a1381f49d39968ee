"""Each source of each stamp, and the journal, asked once: reachable, trusted, allowed; if not, why and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from backends.clock import Clock
from backends.model.checks import Check, Outcome
from backends.operations.deadline import end
from backends.operations.engine.examination import SiteExamination
from backends.operations.engine.site import EngineSite
from backends.operations.examination import Examination
from backends.operations.ports import ApplicationProbe, ClusterReader
from backends.operations.sources import words_of

__all__ = ["Check", "Doctor", "Outcome"]


class Doctor:
    """Examines stamps side by side; a dead one never delays another."""

    def __init__(
        self,
        clusters: Mapping[str, ClusterReader],
        probes: Mapping[str, ApplicationProbe],
        clock: Clock,
        sites: Callable[[], Mapping[str, EngineSite]] = dict,
        of_fleet: Sequence[Callable[[], Awaitable[Check]]] = (),
    ) -> None:
        """`sites` are the stamps with a helper VM, asked for when a stamp is examined: they cost imports.

        `of_fleet` are checks of no stamp, such as of the journal.
        """
        self._clusters = clusters
        self._probes = probes
        self._clock = clock
        self._sites = sites
        self._of_fleet = of_fleet

    async def examine(self, stamps: Sequence[str] = ()) -> AsyncIterator[Check]:
        """Yield checks as they end, the fleet's beside each stamp's (all when none is named); nothing is raised."""
        found: asyncio.Queue[Check | None] = asyncio.Queue()
        asked = [name for name in self._clusters if not stamps or name in stamps]
        works = [
            *(self._examine_fleet(check, found) for check in self._of_fleet),
            *(self._examine_one(name, found) for name in asked),
        ]
        tasks = [asyncio.create_task(work) for work in works]
        running = len(tasks)
        try:
            while running:
                check = await found.get()
                if check is None:
                    running -= 1
                else:
                    yield check
        finally:
            await end(*tasks)

    async def _examine_fleet(self, check: Callable[[], Awaitable[Check]], found: asyncio.Queue[Check | None]) -> None:
        try:
            found.put_nowait(await check())
        except Exception as error:
            found.put_nowait(_failed("", error))
        finally:
            found.put_nowait(None)

    async def _examine_one(self, name: str, found: asyncio.Queue[Check | None]) -> None:
        examination = Examination(self._clusters[name], self._probes.get(name), self._clock, found.put_nowait)
        try:
            site = self._sites().get(name)
            behind = [SiteExamination(site, self._clock, found.put_nowait).run()] if site else []
            await asyncio.gather(examination.run(), *behind)
        except Exception as error:
            found.put_nowait(_failed(name, error))
        finally:
            found.put_nowait(None)


def _failed(stamp: str, error: Exception) -> Check:
    why, todo = words_of(error)
    return Check(stamp, "doctor", Outcome.FAIL, "the examination itself failed", why, todo)
