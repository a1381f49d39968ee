"""How many of something in the last while, in memory that does not grow with their number."""

from __future__ import annotations

from collections import deque

WINDOW_S = 900.0
"""The fifteen minutes of "restarts" and "warnings"."""


class RollingCount:
    """A count over the last `span_s` seconds, kept in buckets of a sixtieth of it."""

    def __init__(self, span_s: float = WINDOW_S) -> None:
        self._span_s = span_s
        self._bucket_s = span_s / 60
        self._buckets: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, at: float, amount: int = 1) -> None:
        """Count `amount` at time `at`; out of order is accepted, as long as it is within the span of the newest."""
        if amount <= 0:
            return
        bucket = at // self._bucket_s * self._bucket_s
        self._total += amount
        position = len(self._buckets)
        while position and self._buckets[position - 1][0] > bucket:
            position -= 1
        if position and self._buckets[position - 1][0] == bucket:
            self._buckets[position - 1] = (bucket, self._buckets[position - 1][1] + amount)
        else:
            self._buckets.insert(position, (bucket, amount))
            self._forget(self._buckets[-1][0] - self._span_s)

    def total(self, now: float) -> int:
        """Return the count of the span that ends at `now`."""
        self._forget(now - self._span_s)
        return self._total

    def _forget(self, oldest: float) -> None:
        while self._buckets and self._buckets[0][0] + self._bucket_s <= oldest:
            self._total -= self._buckets.popleft()[1]
