"""The stand-in's clock: simulated time as the lab tells it by the environment, and waits on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime


class SimulatedClock:
    """Simulated seconds run `speed` times as fast as the machine's since `epoch_s`, when both agreed.

    The lab's own clock reckons the same way, so that what is written here fits what the world does.
    """

    def __init__(self, speed: float = 1.0, epoch_s: float | None = None) -> None:
        self.speed = speed
        self._epoch_s = time.time() if epoch_s is None else epoch_s
        self._started_s = self.now()
        self._slept = threading.local()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> SimulatedClock:
        """Read AKSE_SIM_SPEED and AKSE_SIM_EPOCH; without them time is the machine's."""
        epoch = environment.get("AKSE_SIM_EPOCH")
        return cls(float(environment.get("AKSE_SIM_SPEED") or 1.0), float(epoch) if epoch else None)

    def now(self) -> float:
        """Return simulated seconds since the Unix epoch."""
        return self._epoch_s + (time.time() - self._epoch_s) * self.speed

    def elapsed(self) -> float:
        """Return simulated seconds since the program started, never fewer than none: a machine's clock may be set."""
        return max(0.0, self.now() - self._started_s)

    def sleep(self, delay_s: float) -> None:
        """Sleep `delay_s` simulated seconds; nothing when it is not positive."""
        if delay_s <= 0:
            return
        self.spent()
        before_s = time.monotonic()
        time.sleep(delay_s / self.speed)
        self._slept.real_s += time.monotonic() - before_s
        self._slept.simulated_s += delay_s

    def spent(self) -> float:
        """Return the seconds this thread has spent: those it slept simulated, the rest as the machine counts them.

        Limits are reckoned by it. At speed 1 it is time itself; at a high speed a busy machine, whose answers take
        simulated minutes, makes no node late that would not be late.
        """
        if not hasattr(self._slept, "begun_s"):
            self._slept.begun_s, self._slept.real_s, self._slept.simulated_s = time.monotonic(), 0.0, 0.0
        awake_s = time.monotonic() - self._slept.begun_s - self._slept.real_s
        return float(self._slept.simulated_s + awake_s)

    def real_timeout_s(self, simulated_s: float) -> float:
        """Return a limit for one request in real seconds: the machine is never so fast as the simulation."""
        return max(simulated_s / self.speed, 10.0)

    def date(self) -> datetime:
        """Return the simulated moment in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)
