"""When a line was written, of what its logger tells: a time of day, or the seconds since the start."""

from __future__ import annotations

from datetime import UTC, datetime


class LineTimes:
    """Turns both loggers' times into seconds of the Unix epoch, in the order of the lines.

    The seconds since the start become times once a start is known: the one given, or the one that lines of both
    loggers next to each other betray. It is then right within a second.
    """

    def __init__(self, started_at: float | None) -> None:
        """`started_at`: when the process started by the same machine's clock, in seconds of the Unix epoch."""
        self._given = started_at
        self._start = started_at
        self._refined = False
        self._elapsed_s: int | None = None
        self._text = ""
        self._parsed: float | None = None

    @property
    def start(self) -> float | None:
        """When the process started, None while that is not known."""
        return self._start

    def of_clock(self, text: str) -> float | None:
        """Return the time that RFC 3339 text names, None when it names none."""
        if text != self._text:
            self._text = text
            self._parsed = _parse(text)
            if self._parsed is not None and self._elapsed_s is not None:
                self._refine(self._parsed - self._elapsed_s)
        return self._parsed

    def of_elapsed(self, elapsed_s: int) -> float | None:
        """Return when that many seconds since the start had passed."""
        self._elapsed_s = elapsed_s
        return None if self._start is None else self._start + elapsed_s

    def _refine(self, start: float) -> None:
        """The process cannot have started later than a line's time less the seconds counted before that line."""
        if self._given is not None:
            start = max(start, self._given)
        if not self._refined or self._start is None or start < self._start:
            self._start = start
            self._refined = True


def _parse(text: str) -> float | None:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
