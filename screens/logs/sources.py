"""Whose lines are shown: the containers that wrote last, not all that ever did."""

from __future__ import annotations

from collections.abc import Iterable

from backends.model.logs import LogLine

Source = tuple[str, str, str]
"""Stamp, pod and container."""

REMEMBERED = 300
"""Beyond that many the part of a name that tells pods apart is not looked for: old ones have scrolled away."""


class RecentSources:
    """The newest `REMEMBERED` sources of the lines that were noted."""

    def __init__(self) -> None:
        self._seen: dict[Source, None] = {}

    def note(self, lines: Iterable[LogLine]) -> bool:
        """Take the sources of new lines; return whether one was not known."""
        fresh = {(each.stamp, each.pod, each.container) for each in lines}
        is_new = not fresh <= self._seen.keys()
        for source in fresh:
            self._seen.pop(source, None)
            self._seen[source] = None
        while len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return is_new

    def all(self) -> frozenset[Source]:
        """Return the sources known."""
        return frozenset(self._seen)

    def clear(self) -> None:
        """Forget all."""
        self._seen.clear()
