"""What each stamp's engine has to offer, asked while a screen shows it: release, api model, jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.engine.api_model import ApiModel
from backends.model.health import SourceState
from backends.model.job import JobStatus
from backends.operations.deadline import beside
from backends.operations.engine.site import EngineSite
from backends.operations.polled import Polled, Rhythm

RHYTHM = Rhythm(interval_s=5.0, slow_after_s=5.0, silent_after_s=15.0, give_up_s=30.0, retry_cap_s=15.0)


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One stamp's engine at one moment; what could not be read is in `problems`, by what was asked."""

    engine: str = ""
    model: ApiModel | None = None
    offered: tuple[str, ...] = ()
    jobs: tuple[JobStatus, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def running(self) -> tuple[JobStatus, ...]:
        """The jobs that go on."""
        return tuple(each for each in self.jobs if not each.state.is_over)


class SitesView:
    """Asks every stamp's helper VM in a rhythm while `run` runs."""

    def __init__(self, sites: Mapping[str, EngineSite], clock: Clock) -> None:
        self._polled: dict[str, Polled[SiteStatus]] = {
            name: Polled(_Asking(site).ask, clock, RHYTHM) for name, site in sites.items()
        }

    async def run(self) -> None:
        """Ask until cancelled."""
        async with beside(*(each.run() for each in self._polled.values())):
            await asyncio.Event().wait()

    def refresh(self) -> None:
        """Ask all now."""
        for each in self._polled.values():
            each.refresh()

    def status(self, stamp: str) -> tuple[SiteStatus | None, SourceState]:
        """Return what is known of a stamp's engine, and how far it can be trusted."""
        return self._polled[stamp].value, self._polled[stamp].state


class _Asking:
    """Asks one stamp; what changes only with the program itself is asked once for each program."""

    def __init__(self, site: EngineSite) -> None:
        self._site = site
        self._offered: tuple[tuple[str, str], tuple[str, ...]] = (("", ""), ())

    async def ask(self) -> SiteStatus:
        """Ask everything; SourceError when the VM itself does not answer."""
        jobs = tuple(await self._site.jobs.list())
        problems: list[tuple[str, str]] = []
        engine = model = None
        try:
            engine = await self._site.engine.version()
        except SourceError as error:
            problems.append(("engine", str(error)))
        try:
            model = await self._site.engine.api_model()
        except SourceError as error:
            problems.append(("api model", str(error)))
        offered: tuple[str, ...] = ()
        if engine and model:
            try:
                offered = await self._offers(engine, model.version)
            except SourceError as error:
                problems.append(("versions", str(error)))
        return SiteStatus(engine or "", model, offered, jobs, tuple(problems))

    async def _offers(self, engine: str, current: str) -> tuple[str, ...]:
        if self._offered[0] != (engine, current):
            self._offered = ((engine, current), await self._site.engine.offered(current))
        return self._offered[1]
