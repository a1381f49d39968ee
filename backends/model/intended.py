"""Differences between stamps that are meant to be, as the configuration declares them."""

from __future__ import annotations

import msgspec


class Intended(msgspec.Struct, frozen=True):
    """A difference that is meant to be: of objects `what` (`kind/name`, with * and ?), at paths `path` (likewise)."""

    what: str
    path: str = "*"
    reason: str = ""

    def covers(self, what: str, path: str) -> bool:
        """Whether this difference of this object is the one that is meant."""
        return matches(what, self.what) and matches(path, self.path)


def matches(value: str, pattern: str) -> bool:
    """Compare with * and ?; brackets are part of paths, not of patterns."""
    import fnmatch  # 1 ms that a first paint should not pay

    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
