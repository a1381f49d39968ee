"""Keeping a timeline readable when a thousand things happen at once."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from backends.model.fleet import Severity, TimelineEntry

_REMEMBERED = 2000
_RANK = {Severity.INFO: 0, Severity.GOOD: 1, Severity.WARNING: 2, Severity.BAD: 3}


class StormBreak:
    """Folds one stamp's entries: repeats become a count, and no second holds more than `per_second` entries.

    The first of its kind passes at once; its repeats within `quiet_s` are held and come out as one entry
    with their count when the time is over. What exceeds the rate is told as one line with its number.
    """

    def __init__(self, stamp: str, per_second: int = 5, burst: int = 20, quiet_s: float = 30.0) -> None:
        self._stamp = stamp
        self._per_second = per_second
        self._burst = float(burst)
        self._quiet_s = quiet_s
        self._held: dict[tuple[str, str], tuple[float, TimelineEntry | None]] = {}
        self._tokens = float(burst)
        self._filled_at: float | None = None
        self._dropped: list[TimelineEntry] = []

    def fold(self, entries: Iterable[TimelineEntry], now: float) -> list[TimelineEntry]:
        """Take new entries and return what is to be told at `now`, those held before included."""
        self._fill(now)
        told = self._release(now)
        for entry in entries:
            key = entry.subject, entry.text
            held = self._held.get(key)
            if held is None:
                if len(self._held) >= _REMEMBERED:
                    self._held.pop(next(iter(self._held)))
                self._held[key] = now, None
                told.append(entry)
            else:
                since, repeat = held
                count = entry.count + (repeat.count if repeat else 0)
                self._held[key] = since, replace(entry, count=count)
        return self._limited(told, now)

    def _release(self, now: float) -> list[TimelineEntry]:
        over = [key for key, (since, _) in self._held.items() if now - since >= self._quiet_s]
        told = []
        for key in over:
            _, repeat = self._held.pop(key)
            if repeat is not None:
                told.append(repeat)
                self._held[key] = now, None
        return told

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            gained = (now - self._filled_at) * self._per_second
            self._tokens = min(self._burst, self._tokens + max(0.0, gained))
        self._filled_at = now

    def _limited(self, entries: list[TimelineEntry], now: float) -> list[TimelineEntry]:
        told = []
        if self._dropped and self._tokens >= 1:
            self._tokens -= 1
            told.append(self._summary(now))
            self._dropped.clear()
        for entry in entries:
            if self._tokens >= 1:
                self._tokens -= 1
                told.append(entry)
            else:
                self._dropped.append(entry)
        return told

    def _summary(self, now: float) -> TimelineEntry:
        number = sum(entry.count for entry in self._dropped)
        loudest = max((entry.severity for entry in self._dropped), key=_RANK.__getitem__)
        subjects = sorted({entry.subject.split("/")[0] for entry in self._dropped})
        return TimelineEntry(now, self._stamp, loudest, "stamp", f"{number} more changes: {', '.join(subjects)}")
