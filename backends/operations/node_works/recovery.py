"""Whether a stamp is as well as it was before a node was taken from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from backends.clock import Clock
from backends.model.age import format_duration
from backends.model.fleet import FleetSnapshot
from backends.model.vitals import Vitals
from backends.streams import Cell

RECOVERY_S = 600.0
"""How long at most a stamp may take: images are pulled, volumes are moved."""
LOOK_S = 2.0
_GOOD_LOOKS = 3
"""So many looks in a row at a health as before are believed."""


async def recovery(
    worse: Callable[[], str], clock: Clock, within_s: float, tell: Callable[[str], None] = lambda worse: None
) -> str:
    """Wait until `worse` has nothing to say; return what it still says after `within_s`, or nothing.

    A drain takes pods away, so worse is expected at first: `tell` hears of it at every look.
    """
    began_at, good = clock.monotonic(), 0
    while good < _GOOD_LOOKS:
        found = worse()
        if found and clock.monotonic() - began_at >= within_s:
            return f"its stamp is not as well as before after {format_duration(within_s)}: {found}"
        good = 0 if found else good + 1
        tell(found)
        await clock.sleep(LOOK_S)
    return ""


async def vitals_of(fleet: Cell[FleetSnapshot], stamp: str, within_s: float = 15.0) -> Vitals:
    """Return how a stamp is, once its workloads are known, or as far as it is known in time."""

    async def known() -> None:
        async for snapshot in fleet.follow():
            if snapshot.stamp(stamp).workloads_ready is not None:
                return

    try:
        async with asyncio.timeout(within_s):
            await known()
    except TimeoutError:
        pass
    return Vitals.of(fleet.value.stamp(stamp))
