"""The periods in which a console may write, as the journal has them: who armed it, for how long, and why it ended."""

from __future__ import annotations

import asyncio
import logging
import uuid

from backends.clock import Clock
from backends.errors import JournalFailed
from backends.model.age import format_duration
from backends.model.journal import EventKind
from backends.operations.arming import Arming
from backends.operations.deadline import end
from backends.operations.ports import Journal

_log = logging.getLogger(__name__)
_SECONDS_A_MINUTE = 60


class ArmedPeriods:
    """Arms a console and writes down each period; `close` ends the one that is going on."""

    def __init__(self, arming: Arming, journal: Journal, clock: Clock) -> None:
        self._arming = arming
        self._journal = journal
        self._clock = clock
        self._turn = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def begin(self, how: str = "by hand") -> None:
        """Arm writing, and disarm it when its time is over; JournalFailed: what cannot be written down is not armed."""
        async with self._turn:
            if self._arming.is_armed:
                return
            await self._ended()
            period, minutes = uuid.uuid4().hex[:12], self._arming.armed_for_s / _SECONDS_A_MINUTE
            said = {"text": f"for {minutes:g} minutes, {how}", "armed_for_s": self._arming.armed_for_s}
            await self._journal.record(period, EventKind.ARMED, "", said)
            self._arming.arm()
            self._watching = asyncio.create_task(self._watch(period), name="armed")

    async def close(self) -> None:
        """Disarm, and wait until that is written down."""
        if self._arming.is_armed:
            self._arming.disarm("the console ended")
        await self._ended()

    async def _ended(self) -> None:
        if self._watching is not None:
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None

    async def _watch(self, period: str) -> None:
        """Wait for the end of a period and write it down; a journal that fails then keeps nothing armed."""
        began_s = self._clock.monotonic()
        keeping = asyncio.create_task(self._arming.keep(), name="disarming")
        try:
            async for state in self._arming.state.follow():
                if state.until is None:
                    break
        finally:
            await end(keeping)
        lasted_s = self._clock.monotonic() - began_s
        said = {"text": f"{state.why_not} (after {format_duration(lasted_s)})", "lasted_s": round(lasted_s, 1)}
        try:
            await self._journal.record(period, EventKind.DISARMED, "", said)
        except JournalFailed as error:
            _log.warning("that writing is disarmed could not be written down: %s", error)
