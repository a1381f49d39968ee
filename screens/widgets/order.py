"""The rows that pass a filter, kept in sort order while they change."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from backends.model.table import Row

Entry = tuple[Any, str, str]
"""Sort key, then name and uid so that equal keys have one order and no two entries are equal."""

MERGE_ABOVE = 0.05
"""Share of moved rows from which one merge is quicker than moving each (measured at 10,000 and 50,000 rows)."""


class RowOrder:
    """A sorted, filtered view over a dictionary of rows that it does not own.

    Kept ascending; descending is a matter of reading from the end, so turning round costs nothing.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._rows = rows
        self._entries: list[Entry] = []
        self._entry_of: dict[str, Entry] = {}
        self._sort_key: Callable[[Row], Any] = _by_nothing
        self._accepts: Callable[[Row], bool] | None = None
        self._ranked = False
        self.reverse = False

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, uid: str) -> bool:
        return uid in self._entry_of

    def __iter__(self) -> Iterator[Row]:
        entries = reversed(self._entries) if self.reverse else iter(self._entries)
        return (self._rows[entry[2]] for entry in entries)

    def row_at(self, index: int) -> Row:
        """Return the row at a place of the view. Raises IndexError when there is none."""
        return self._rows[self.uid_at(index)]

    def uid_at(self, index: int) -> str:
        """Return the uid at a place of the view. Raises IndexError when there is none."""
        if not 0 <= index < len(self._entries):
            raise IndexError(index)
        return self._entries[len(self._entries) - 1 - index if self.reverse else index][2]

    def uids(self, first: int, end: int) -> list[str]:
        """Return the uids at the places from `first` to before `end`, as far as there are any."""
        count = len(self._entries)
        first, end = max(0, first), min(end, count)
        if self.reverse:
            return [entry[2] for entry in reversed(self._entries[count - end : count - first])] if first < end else []
        return [entry[2] for entry in self._entries[first:end]]

    def index_of(self, uid: str) -> int | None:
        """Return the place of a row in the view, None when it is not in it."""
        entry = self._entry_of.get(uid)
        if entry is None:
            return None
        place = bisect_left(self._entries, entry)
        return len(self._entries) - 1 - place if self.reverse else place

    def set_filter(self, accepts: Callable[[Row], bool] | None) -> None:
        """Change which rows are shown."""
        self._accepts = accepts
        self.rebuild()

    def set_sort(self, sort_key: Callable[[Row], Any], reverse: bool) -> None:
        """Change what the rows are sorted by."""
        self.reverse = reverse
        if sort_key is not self._sort_key:
            self._sort_key = sort_key
            self._ranked = False
            self.rebuild()

    def rebuild(self) -> None:
        """Filter and sort all rows anew."""
        accepts = self._accepts
        rows = self._rows.values()
        shown = rows if accepts is None else [row for row in rows if accepts(row)]
        self._entry_of = {row.uid: self._entry(row) for row in shown}
        self._entries = list(self._entry_of.values())
        try:
            self._entries.sort()
        except TypeError:
            self._rank()

    def update(self, uids: Iterable[str]) -> bool:
        """Bring the view up to date with changed, new and removed rows; return whether any place changed."""
        gone: list[Entry] = []
        come: list[Entry] = []
        for uid in uids:
            row = self._rows.get(uid)
            old = self._entry_of.get(uid)
            new = None if row is None or (self._accepts and not self._accepts(row)) else self._entry(row)
            if new == old:
                continue
            if old is not None:
                gone.append(old)
                del self._entry_of[uid]
            if new is not None:
                come.append(new)
                self._entry_of[uid] = new
        if not gone and not come:
            return False
        try:
            self._move(gone, come)
        except TypeError:
            self._entries = list(self._entry_of.values())
            self._rank()
        return True

    def _move(self, gone: list[Entry], come: list[Entry]) -> None:
        entries = self._entries
        if len(gone) + len(come) <= max(16, len(entries) * MERGE_ABOVE):
            for entry in gone:
                del entries[bisect_left(entries, entry)]
            for entry in come:
                insort(entries, entry)
            return
        left = {entry[2] for entry in gone}
        if left:
            entries[:] = [entry for entry in entries if entry[2] not in left]
        come.sort()
        entries += come
        entries.sort()  # two sorted runs: one merge

    def _entry(self, row: Row) -> Entry:
        key = self._sort_key(row)
        return (_rank(key) if self._ranked else key, row.name, row.uid)

    def _rank(self) -> None:
        """Sort values of mixed types by type first, once it showed that they cannot be compared."""
        self._ranked = True
        self._entry_of = {uid: self._entry(self._rows[uid]) for uid in self._entry_of}
        self._entries = sorted(self._entry_of.values())


def _by_nothing(row: Row) -> str:
    return ""


def _rank(key: Any) -> tuple[Any, ...]:
    """Return a key that compares with that of any other value: nothing, numbers, text, tuples, the rest."""
    if key is None:
        return (0,)
    if isinstance(key, bool | int | float):
        return (1, key) if key == key else (0,)
    if isinstance(key, str):
        return (2, key)
    if isinstance(key, tuple):
        return (3, tuple(map(_rank, key)))
    return (4, str(key))
