"""Times as clients see them: what happened in simulated time is told as the real moment it happened at.

Simulated time runs ahead of the machine's clock when it runs faster. A client compares what it is told with its own
clock: a pod made a simulated minute ago would be made in the future. So every timestamp that leaves the API server
becomes the real moment at which the simulated one was reached, and every one that comes in the other way round:
what a client wrote it reads again. Moments before the start, such as the creation of the cluster days ago, stay.
At speed 1 and below nothing is changed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from backends.lab.clock import LabClock

_QUOTED = re.compile(rb"""(?<=["'])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z(?=["'])""")
_SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINEST = Fraction(1, 1000)


class WireTimes:
    """Translates the timestamps of JSON and YAML bodies; whole seconds stay whole seconds."""

    def __init__(self, clock: LabClock) -> None:
        self._started_us = int(clock.started_wall_s * _SECOND_US)
        self._speed = Fraction(clock.speed).limit_denominator(_FINEST.denominator)
        self.translates = clock.speed > 1
        """Whether there is anything to translate."""
        self._outward = lru_cache(maxsize=65_536)(self._show)

    def shown(self, body: bytes) -> bytes:
        """Return a body for clients."""
        return _QUOTED.sub(lambda found: self._outward(found[1], found[2]), body) if self.translates else body

    def understood(self, body: bytes) -> bytes:
        """Return a client's body in simulated time."""
        return _QUOTED.sub(lambda found: self._understand(found[1], found[2]), body) if self.translates else body

    def real(self, at: float) -> float:
        """Return the real moment (seconds since the epoch) at which a simulated one is reached."""
        started_s = self._started_us / _SECOND_US
        return at if not self.translates or at <= started_s else started_s + (at - started_s) / float(self._speed)

    def simulated(self, at: float) -> float:
        """Return the simulated moment that is reached at a real one."""
        started_s = self._started_us / _SECOND_US
        return at if not self.translates or at <= started_s else started_s + (at - started_s) * float(self._speed)

    def _show(self, seconds: bytes, fraction: bytes | None) -> bytes:
        at_us = _microseconds(seconds, fraction)
        if at_us <= self._started_us:
            return seconds + (fraction or b"") + b"Z"
        # Rounded down, so that nothing is told before it happened; `understood` rounds up, so that both agree.
        real_us = self._started_us + (at_us - self._started_us) // self._speed
        return _text(int(real_us), fraction)

    def _understand(self, seconds: bytes, fraction: bytes | None) -> bytes:
        at_us = _microseconds(seconds, fraction)
        if at_us <= self._started_us:
            return seconds + (fraction or b"") + b"Z"
        simulated_us = self._started_us - (self._started_us - at_us) * self._speed // 1  # rounded up
        if fraction is None:
            simulated_us = -(-simulated_us // _SECOND_US) * _SECOND_US
        return _text(int(simulated_us), fraction)


def _microseconds(seconds: bytes, fraction: bytes | None) -> int:
    whole = (datetime.fromisoformat(seconds.decode()).replace(tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
    return whole * _SECOND_US + int((fraction or b".0")[1:7].ljust(6, b"0"))


def _text(at_us: int, fraction: bytes | None) -> bytes:
    seconds, rest = divmod(at_us, _SECOND_US)
    digits = len(fraction) - 1 if fraction else 0
    tail = f".{rest:06d}{'0' * max(0, digits - 6)}"[: digits + 1] if digits else ""
    return f"{(_EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S')}{tail}Z".encode()
