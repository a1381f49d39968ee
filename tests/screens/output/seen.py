"""What a person sees of a terminal's cells: a blank has a background and lines across it, but no ink."""

from __future__ import annotations

from typing import Any

import pyte

Cell = tuple[Any, ...]


def as_seen(cell: Cell) -> Cell:
    """Return a cell (pyte's Char as a tuple) without what cannot be seen of it."""
    char = pyte.screens.Char(*cell)
    if char.data != " " or char.underscore or char.strikethrough or char.reverse:
        return cell
    return tuple(pyte.screens.Char(" ", bg=char.bg))


def screen_as_seen(cells: list[list[Cell]]) -> list[list[Cell]]:
    """Return all cells of a screen as they are seen."""
    return [[as_seen(cell) for cell in row] for row in cells]
