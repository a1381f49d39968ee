"""Where the reader is in a view of rows: on which row, at which line of the screen, with which rows marked."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from screens.widgets.order import RowOrder


class RowCursor:
    """A cursor that stays on its row, and at its line of the screen, however the view changes around it.

    Until the reader moved it, it stays on the first row instead: rows that load must not drag the view along.
    """

    def __init__(self, order: RowOrder) -> None:
        self._order = order
        self.index = 0
        self.uid: str | None = None
        self.was_moved = False

    def move_to(self, index: int) -> bool:
        """Go to a place, as near as there is one; return whether the cursor is on another row now."""
        self.was_moved = True
        return self._put(index)

    def follow(self, top: int, lines: int, top_uid: str | None) -> int:
        """Find the row again after the view changed and return which row should now be at the top.

        `top` and `top_uid` say what was at the top of the screen before; `lines` is how many rows it shows.
        """
        before = self.index
        found = self._order.index_of(self.uid) if self.uid is not None and self.was_moved else None
        if found is None:
            self._put(before if self.was_moved else 0)
        else:
            self._put(found)
        if top == 0 and (self.index < lines or not self.was_moved):
            return 0
        if top <= before < top + lines:
            return self._clamp_top(self.index - (before - top), lines)
        anchor = None if top_uid is None else self._order.index_of(top_uid)
        return self._clamp_top(top if anchor is None else anchor, lines)

    def top_showing(self, top: int, lines: int) -> int:
        """Return the nearest top at which the cursor is on the screen."""
        if self.index < top:
            return self.index
        if self.index >= top + lines:
            return self._clamp_top(self.index - lines + 1, lines)
        return self._clamp_top(top, lines)

    def _clamp_top(self, top: int, lines: int) -> int:
        return max(0, min(top, len(self._order) - lines))

    def _put(self, index: int) -> bool:
        self.index = max(0, min(index, len(self._order) - 1))
        uid = self._order.uid_at(self.index) if len(self._order) else None
        changed = uid != self.uid
        self.uid = uid
        return changed


class RowMarks:
    """The rows the reader marked, and where marking began for a range."""

    def __init__(self, order: RowOrder) -> None:
        self._order = order
        self._uids: set[str] = set()
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._uids)

    def __contains__(self, uid: str) -> bool:
        return uid in self._uids

    @property
    def uids(self) -> frozenset[str]:
        """The marked rows, whether the filter shows them or not."""
        return frozenset(self._uids)

    def toggle(self, uid: str) -> None:
        """Mark a row, or unmark it."""
        self._uids ^= {uid}
        self._last = uid

    def extend_to(self, index: int) -> Collection[str]:
        """Mark every row between the last one marked and this place; return them."""
        start = self._order.index_of(self._last) if self._last is not None else None
        first, last = sorted((index if start is None else start, index))
        span = [self._order.uid_at(place) for place in range(first, last + 1)]
        self._uids.update(span)
        self._last = self._order.uid_at(index)
        return span

    def clear(self) -> None:
        """Unmark everything."""
        self._uids.clear()
        self._last = None

    def discard(self, uids: Iterable[str]) -> None:
        """Unmark rows that are gone."""
        self._uids.difference_update(uids)
