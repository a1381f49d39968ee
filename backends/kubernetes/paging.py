"""An end for lists that come by pages: a continue token that leads nowhere is not followed for ever.

Protocol: Kubernetes API concepts, "Retrieving large results sets in chunks"; `remainingItemCount` is the server's
estimate and is left out where a selector narrows the list.
"""

from __future__ import annotations

from backends.errors import Malformed
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection

_IDLE_AT_MOST = 100
"""So many pages in a row may bring nothing new: a server may look through that much without a match."""
_SPARE_PAGES = 20
"""The collection may grow while it is read, and `remainingItemCount` is an estimate."""


class Paging:
    """Watches over the tokens of one list; `next` says where it goes on."""

    def __init__(self, connection: Connection, doing: str) -> None:
        self._connection = connection
        self._doing = doing
        self._tokens: set[str] = set()
        self._idle = 0
        self._pages_left: float | None = None

    def progressed(self) -> None:
        """Note that a page brought something new."""
        self._idle = 0

    def next(self, token: str, items: int, remaining: int | None = None) -> str:
        """Return the token to go on with, empty at the end; Malformed when the list does not come to one.

        `items` is how many objects the page had, `remaining` how many the server says are left.
        """
        if not token:
            return ""
        if token in self._tokens:
            raise self._endless("it gave the same continue token twice")
        self._tokens.add(token)
        self._idle += 1
        if self._idle > _IDLE_AT_MOST:
            raise self._endless(f"{self._idle} pages in a row brought nothing new, and each named another")
        if self._pages_left is None and remaining is not None and items:
            self._pages_left = 2 * remaining / items + _SPARE_PAGES
        elif self._pages_left is not None:
            self._pages_left -= 1
            if self._pages_left < 0:
                raise self._endless(f"{len(self._tokens)} pages came, far more than it announced")
        return token

    def _endless(self, how: str) -> Malformed:
        error = failures.endless_list(how, doing=self._doing, where=self._connection.where)
        error.stamp = self._connection.stamp.name
        return error
