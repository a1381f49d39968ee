"""Finds the band of lines that a frame only moved, so that the terminal can move it itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from screens.output.cells import Cell

IGNORED_RIGHT_CELLS = 3
"""Cells at the right edge that may differ between moved lines: the scroll bar."""
FEWEST_LINES_SAVED = 4


class Scroll(NamedTuple):
    """Lines `top` to `bottom` (both included) move up by `lines`, or down when it is negative."""

    top: int
    bottom: int
    lines: int


def find_scroll(shown: Mapping[int, Sequence[Cell]], wanted: Mapping[int, Sequence[Cell]]) -> Scroll | None:
    """Return the move that makes most lines right at once, or None when none is worth its while.

    Both map line numbers to the same columns of the screen as it is and as it is to be.
    """
    before = {y: _print_of(cells) for y, cells in shown.items()}
    after = {y: _print_of(cells) for y, cells in wanted.items()}
    distance = _commonest_distance(before, after)
    if not distance:
        return None
    best, best_gain, start, gain = None, 0, 0, 0
    for y in sorted(after):
        if gain <= 0 or y - 1 not in after:
            start, gain = y, 0
        right_if_moved = before.get(y + distance) == after[y]
        right_already = before[y] == after[y]
        gain += int(right_if_moved) - int(right_already)
        if right_if_moved and gain > best_gain:
            best, best_gain = (start, y), gain
    if best is None:
        return None
    first, last = best
    scroll = Scroll(min(first, first + distance), max(last, last + distance), distance)
    vacated = [y for y in range(scroll.top, scroll.bottom + 1) if not first <= y <= last]
    lost = sum(before.get(y) == after.get(y) for y in vacated)
    inside = all(y in after for y in range(scroll.top, scroll.bottom + 1))
    return scroll if inside and best_gain - lost >= FEWEST_LINES_SAVED else None


def _print_of(cells: Sequence[Cell]) -> int:
    return hash(tuple(cells[: len(cells) - IGNORED_RIGHT_CELLS]))


def _commonest_distance(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """Return by how many lines most changed lines moved up; 0 when none did."""
    places: dict[int, int | None] = {}
    for y, mark in before.items():
        places[mark] = None if mark in places else y
    votes: dict[int, int] = {}
    for y, mark in after.items():
        old = places.get(mark)
        if old is not None and before.get(y) != mark:
            votes[old - y] = votes.get(old - y, 0) + 1
    return max(votes, key=lambda distance: (votes[distance], -abs(distance)), default=0)
