"""Finding the lines that pass a filter, a few milliseconds at a time."""

from __future__ import annotations

import time
from bisect import bisect_left

from screens.widgets.log_buffer import LogBuffer
from screens.widgets.log_matching import LineFilter

LINES_AT_ONCE = 2_000
"""Lines between two looks at the clock: about a millisecond for an ordinary expression."""
FIRST_SLICE_S, SLICE_S = 0.03, 0.01
"""What a filter may hold the loop for when it is set, and each time after that."""


class LogSelection:
    """The lines of a buffer that pass a filter; the buffer may grow and lose its oldest meanwhile."""

    def __init__(self, buffer: LogBuffer, wanted: LineFilter) -> None:
        self.wanted = wanted
        self._buffer = buffer
        self._numbers: list[int] = []
        self._next = buffer.first

    def go_on(self, lasts_s: float | None) -> bool:
        """Look at further lines for so long (None: at all of them); return whether all were looked at."""
        buffer, ends_at = self._buffer, time.monotonic() + (lasts_s or 0.0)
        while self._next < buffer.end:
            first = max(self._next, buffer.first)
            end = min(first + LINES_AT_ONCE, buffer.end)
            self._numbers += self.wanted.select(buffer.texts[first - buffer.first : end - buffer.first], first)
            self._next = end
            if lasts_s is not None and time.monotonic() >= ends_at:
                break
        return self._next >= buffer.end

    def numbers(self) -> list[int]:
        """Return the numbers of the lines that pass and are still kept, in order."""
        return self._numbers[bisect_left(self._numbers, self._buffer.first) :]
