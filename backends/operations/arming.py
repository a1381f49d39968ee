"""Whether writing is armed: only for a while, and only as long as someone is at the keys."""

from __future__ import annotations

from dataclasses import dataclass

from backends.clock import Clock
from backends.streams import Cell

IDLE_S = 300.0
"""Without a key for this long, writing is disarmed."""


@dataclass(frozen=True, slots=True)
class Armed:
    """Writing is armed until `until` (seconds of the Unix epoch); `why_not` says why it is not, when it ended."""

    until: float | None = None
    why_not: str = ""


class Arming:
    """Arms and disarms writing for this process; starts read-only."""

    def __init__(self, clock: Clock, armed_for_s: float = 900.0, idle_s: float = IDLE_S) -> None:
        self._clock = clock
        self._armed_for_s = armed_for_s
        self._idle_s = idle_s
        self._ends_at = self._touched_at = 0.0
        self.state: Cell[Armed] = Cell(Armed())

    @property
    def armed_for_s(self) -> float:
        """How long writing stays armed, in seconds."""
        return self._armed_for_s

    def arm(self) -> None:
        """Allow writes from now on; arming again starts the time anew."""
        now = self._clock.monotonic()
        self._ends_at, self._touched_at = now + self._armed_for_s, now
        self.state.set(Armed(self._clock.now() + self._armed_for_s))

    def disarm(self, why: str = "") -> None:
        """Forbid writes; `why` is shown."""
        self.state.set(Armed(None, why))

    def touch(self) -> None:
        """Note that someone is at the keys."""
        if self.is_armed:
            self._touched_at = self._clock.monotonic()

    @property
    def left_s(self) -> float:
        """Seconds until writing is disarmed if nothing happens, 0 when it is not armed."""
        if self.state.value.until is None:
            return 0.0
        now = self._clock.monotonic()
        return max(0.0, min(self._ends_at, self._touched_at + self._idle_s) - now)

    @property
    def period_left_s(self) -> float:
        """Seconds of the whole period that are left, whoever is at the keys; 0 when it is not armed."""
        return 0.0 if self.state.value.until is None else max(0.0, self._ends_at - self._clock.monotonic())

    @property
    def is_armed(self) -> bool:
        """Whether writing is allowed now; finds out by itself when the time is over."""
        if self.state.value.until is None:
            return False
        if self.left_s > 0:
            return True
        over = self._clock.monotonic() >= self._ends_at
        minutes = (self._armed_for_s if over else self._idle_s) / 60
        lasted = f"{minutes:g} minute" + ("" if minutes == 1 else "s")
        self.disarm(f"disarmed after {lasted}" + ("" if over else " without a key"))
        return False

    async def keep(self) -> None:
        """Disarm when the time is over, also when nobody asks; until cancelled."""
        async for _ in self.state.follow():
            while self.is_armed:
                await self._clock.sleep(max(self.left_s, 0.05))
