"""The lab's one clock: simulated time runs `speed` times as fast as the machine's, from one seeded start."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class LabClock:
    """Simulated wall time. It starts at the machine's own time, so that clients see no clock skew at first.

    Everything the world schedules (container start-up, probes, controllers) sleeps on this clock;
    what the wire promises in real seconds (watch timeouts, bookmarks) uses the machine's.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed <= 1000:
            raise ValueError(f"speed {speed} is out of range: more than 0, at most 1000")
        self.speed = speed
        self.started_wall_s = time.time()
        """The moment both clocks showed, in seconds since the Unix epoch."""
        self._started_s = time.monotonic()

    def now(self) -> float:
        """Return simulated seconds since the Unix epoch."""
        return self.started_wall_s + (time.monotonic() - self._started_s) * self.speed

    async def sleep(self, delay_s: float) -> None:
        """Sleep `delay_s` simulated seconds."""
        await asyncio.sleep(delay_s / self.speed)


def rfc3339(at: float) -> str:
    """Return `2026-11-23T10:00:00Z`, the form of metav1.Time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_micro(at: float) -> str:
    """Return `2026-11-23T10:00:00.000000Z`, the form of metav1.MicroTime."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rfc3339_nano(at: float) -> str:
    """Return the nine-digit form that container log lines carry."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
