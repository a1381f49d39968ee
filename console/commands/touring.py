"""What every step of the tour has in common: its title, its time, and waiting for what it has to see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from backends.errors import StampdeckError
from backends.lab.control import LabControl
from backends.model.fleet import FleetSnapshot, TimelineEntry
from console.commands.drawing import emit, toned
from console.commands.status_table import status_lines
from console.wiring import Services


class StepFailed(StampdeckError):
    """What a step waited for did not happen."""


@dataclass(slots=True)
class Tour:
    """One tour over running services; steps are counted and timed."""

    services: Services
    control: LabControl
    started_s: float = field(default_factory=time.monotonic)
    steps: int = 0

    @asynccontextmanager
    async def step(self, title: str) -> AsyncIterator[None]:
        """Print a step's title, run it, and print that it happened and how long it took."""
        self.steps += 1
        began_s = time.monotonic()
        emit(f"[{began_s - self.started_s:5.1f} s] {self.steps}. {toned(title, 'bold')}")
        yield
        emit(f"          {toned('seen', 'good')} after {time.monotonic() - began_s:.1f} s", "")

    @property
    def now(self) -> FleetSnapshot:
        """The newest snapshot of the fleet."""
        return self.services.fleet.state.value

    async def until(self, seen: Callable[[], bool], what: str, limit_s: float) -> None:
        """Wait until something shows in the fleet. StepFailed when it does not within `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                async for _ in self.services.fleet.state.follow():
                    if seen():
                        return
        except TimeoutError:
            emit(*indented(status_lines(self.now)))
            raise StepFailed(f"not seen within {limit_s:.0f} s", why=what) from None

    async def until_told(self, since: int, told: Callable[[TimelineEntry], bool], what: str, limit_s: float) -> None:
        """Wait until the timeline tells something, and print it. StepFailed when it does not within `limit_s`."""
        try:
            async with asyncio.timeout(limit_s):
                async for batch in self.services.fleet.timeline.follow(since):
                    for entry in filter(told, batch.items):
                        emit(f"          timeline: {entry.stamp} {entry.subject}: {entry.text}")
                        return
        except TimeoutError:
            raise StepFailed(f"not in the timeline within {limit_s:.0f} s", why=what) from None


def require(holds: bool, what: str) -> None:
    """Raise StepFailed unless it is so."""
    if not holds:
        raise StepFailed("it is not so", why=what)


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines moved under their step."""
    return [f"          {line}".rstrip() for line in lines]
