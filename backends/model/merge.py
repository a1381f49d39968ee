"""Lines of many containers in one order: by their own time, held back a moment for those that come late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.model.logs import LogLine

WINDOW_S = 0.3
"""How long a line waits for older ones of other containers."""
OPENING_S = 2.0
"""How long the history of all containers may take to arrive before it is shown."""


class LineMerger:
    """Takes lines as they arrive and gives them in time order; one source's own order is never changed.

    What was written before `history_until` (seconds since the Unix epoch) is shown as soon as no more of it
    comes: lines written since do not delay it.
    """

    def __init__(
        self,
        opened_at: float,
        history_until: float = 0.0,
        window_s: float = WINDOW_S,
        opening_s: float = OPENING_S,
    ) -> None:
        self._window_s = window_s
        self._opens_at = opened_at + opening_s
        self._history_until = history_until
        self._opening = True
        self._newest: dict[object, float] = {}
        self._held: list[tuple[float, int, float, LogLine]] = []
        self._number = 0
        self._last_arrival = opened_at

    def add(self, source: object, lines: Iterable[LogLine], arrived_at: float) -> None:
        """Take lines of one source, in its order; `arrived_at` is monotonic."""
        newest, number = self._newest.get(source), self._number
        if newest is None:
            newest, self._last_arrival = 0.0, arrived_at
        for line in lines:
            if line.at <= self._history_until:
                self._last_arrival = arrived_at
            if line.at > newest:
                newest = line.at
            number += 1
            self._held.append((newest, number, arrived_at, line))
        self._newest[source], self._number = newest, number

    def due(self, now: float, *, all_of_it: bool = False) -> Sequence[LogLine]:
        """Return the lines that waited long enough, and every held one that belongs before them."""
        if not self._held:
            return ()
        if self._opening and not all_of_it:
            if now < self._opens_at and now - self._last_arrival < self._window_s:
                return ()
            self._opening = False
        limit = now - self._window_s
        waited = [key for key, _, arrived, _ in self._held if arrived <= limit or all_of_it]
        if not waited:
            return ()
        newest = max(waited)
        told = [item for item in self._held if item[0] <= newest]
        self._held = [item for item in self._held if item[0] > newest]
        # Nothing of these is held, so nothing can be told before it; and sources come and go with their pods.
        self._newest = {source: at for source, at in self._newest.items() if at > newest}
        told.sort(key=_order)
        return [item[3] for item in told]


def _order(item: tuple[float, int, float, LogLine]) -> tuple[float, int]:
    return item[0], item[1]


def nanosecond_key(timestamp: str) -> tuple[str, str]:
    """Return what orders RFC 3339 times of one server, whose fractions may be written with 0 to 9 digits."""
    whole, _, rest = timestamp.partition(".")
    if not rest:
        return whole.removesuffix("Z"), "0" * 9
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return whole, digits.ljust(9, "0")


class ResumePoint:
    """Where a container's log was read to, so that it goes on without a line twice or lost.

    `sinceTime` reaches the kubelet in whole seconds, so a resumed log begins with lines already read.
    """

    def __init__(self) -> None:
        self._last = ("", "")
        self._same = 0
        self._skipping = 0
        self._resumed = False
        self.timestamp = ""
        """The time of the newest line read, as the server wrote it; empty when none was."""

    def resume(self) -> None:
        """Expect lines from `timestamp` on again."""
        self._skipping = self._same if self.timestamp else 0
        self._resumed = bool(self.timestamp)

    def fresh(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        """Return the lines not read before, and remember the newest of them."""
        if self._resumed:
            lines = self._unread(lines)
        if lines and lines[-1].timestamp:
            self._remember(lines)
        return lines

    def _unread(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        for index, line in enumerate(lines):
            if not line.timestamp:
                continue
            key = nanosecond_key(line.timestamp)
            if key > self._last:
                self._resumed = False
                return lines[index:]
            if key == self._last:
                if self._skipping == 0:
                    self._resumed = False
                    return lines[index:]
                self._skipping -= 1
        return ()

    def _remember(self, lines: Sequence[LogLine]) -> None:
        key = nanosecond_key(lines[-1].timestamp)
        same = 0
        for line in reversed(lines):
            if not line.timestamp or nanosecond_key(line.timestamp) != key:
                break
            same += 1
        self._same = same + (self._same if same == len(lines) and key == self._last else 0)
        self._last, self.timestamp = key, lines[-1].timestamp
