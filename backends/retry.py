"""Waiting longer after each failure, never in step with others."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Exponential delays with full jitter above a floor: `base_s` doubling up to `cap_s`.

    Half of each delay is fixed and half random, so that a fleet of consoles does not return to a
    recovering API in one wave, yet a shown "next try" is never close to zero.
    """

    def __init__(self, base_s: float = 0.5, cap_s: float = 30.0, jitter: Callable[[], float] = random.random) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._jitter = jitter
        self.failures = 0

    def next_delay(self, at_least_s: float = 0.0) -> float:
        """Count one more failure and return the seconds to wait, at least what the server asked for."""
        ceiling = min(self._cap_s, self._base_s * 2.0 ** min(self.failures, 16))
        self.failures += 1
        return max(at_least_s, ceiling / 2 + self._jitter() * ceiling / 2)

    def reset(self) -> None:
        """Forget past failures: the last attempt succeeded."""
        self.failures = 0
