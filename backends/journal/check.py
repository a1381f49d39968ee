"""Walking the chain from its first row to its head.

What it finds: a row changed, removed, inserted or renumbered, a tail removed, a guard dropped. What no chain can
see by itself: a whole file put back as it was earlier, or rewritten from some row on with every hash made anew.
Against that a head is noted elsewhere when it is new, and asked for later (`noted`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends.journal.chain import GENESIS
from backends.model.journal import ChainCheck

if TYPE_CHECKING:
    from backends.journal.chain import StoredRow
    from backends.journal.store import Store

PAGE = 5_000
"""Rows read at once: 50 ms in which nobody else can use the thread."""


class ChainReader:
    """Reads the chain page by page; `result` is whole when `read_on` has returned False."""

    def __init__(self, noted: str = "") -> None:
        self._noted = noted.lower()
        self._found_noted = not noted or GENESIS.startswith(self._noted)
        self._head: tuple[int, str] | None = None
        self._rows = 0
        self._number, self._hash = 0, GENESIS
        self.result = ChainCheck(0, GENESIS)

    def read_on(self, store: Store) -> bool:
        """Read the next page; False when the end or the first fault was reached."""
        if self._head is None:
            # Before the rows: whoever records meanwhile only adds behind it.
            self._head = store.head()
        page = store.page(self._number, PAGE)
        for row in page:
            if why := self._fault_of(row):
                self._end(self._number + 1, why)
                return False
            self._rows, self._number, self._hash = self._rows + 1, row.number, row.hash
            self._found_noted = self._found_noted or row.hash.startswith(self._noted)
        if len(page) == PAGE:
            return True
        self._finish(store)
        return False

    def _fault_of(self, row: StoredRow) -> str:
        """Return why a row does not follow the one before it, or nothing."""
        if row.number != self._number + 1:
            return _missing(self._number + 1, row.number - 1)
        try:
            right = row.hash_after(self._hash)
        except TypeError:  # bytes, where the tables are not strict
            right = ""
        if row.hash != right:
            return "it was changed after it was written, or the row before it was"
        if self._head is not None and row.number == self._head[0] and row.hash != self._head[1]:
            return "it is not the row that was written last: it was changed and its hash made anew"
        return ""

    def _finish(self, store: Store) -> None:
        """Look at the end: nothing cut off, nothing added behind the head, the noted head among the rows."""
        cut_at = self._head[0] if self._head else 0
        newest = store.head()[0]
        if self._number < cut_at:
            self._end(self._number + 1, f"{_missing(self._number + 1, cut_at)}: the end was cut off")
        elif self._number > newest:
            self._end(newest + 1, "it was added past the console, which knows of no row after the one before")
        elif not self._found_noted:
            self._end(None, f"no row has the hash {self._noted}: rows were removed or rewritten since it was noted")
        elif guards := store.missing_guards():
            self._end(None, f"the guards against changes were taken away: {', '.join(guards)}")
        else:
            self._end(None, "")

    def _end(self, broken_at: int | None, why: str) -> None:
        self.result = ChainCheck(self._rows, self._hash, broken_at, why)


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
