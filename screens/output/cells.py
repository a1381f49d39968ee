"""Strips as cells: one character with its attributes, the unit in which frames are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TypeAlias

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

from screens.output.sgr import on_blank

Cell: TypeAlias = tuple[str, str] | None
"""A character (with what combines with it) and the SGR parameters it is drawn with; None is the right half
of a wide character."""

UNKNOWN: Cell = ("", "?")
"""What the terminal shows here is not known: differs from every cell that can be wanted."""

_KEPT_CELLS = 50_000


class _CellsOfStyle(dict[str, tuple[str, str]]):
    """The cells of one style by character; equal cells are one object, which makes comparing rows quick.

    A blank has no ink: its cell is the same for all styles that look the same on it.
    """

    def __init__(self, sgr: str) -> None:
        super().__init__()
        self.sgr = sgr

    def __missing__(self, character: str) -> tuple[str, str]:
        cell = (character, self.sgr)
        self[character] = cell
        return cell


class CellMaker:
    """Turns strips into cells for one terminal."""

    def __init__(self, color_system: ColorSystem) -> None:
        self.color_system = color_system
        self._styles: dict[str, _CellsOfStyle] = {}

    def cells(self, strips: Iterable[Strip | None]) -> list[Cell]:
        """Return the cells of strips that stand side by side."""
        row: list[Cell] = []
        for strip in strips:
            if strip is not None:
                for text, style, control in strip:
                    if not control:
                        self._add(row, text, self._sgr(style))
        return row

    def _sgr(self, style: Style | None) -> str:
        if style is None:
            return ""
        return Strip.render_ansi(style, self.color_system)

    def _new_style(self, sgr: str) -> _CellsOfStyle:
        made = self._styles[sgr] = _CellsOfStyle(sgr)
        paper = on_blank(sgr)
        if paper != sgr:
            made[" "] = (self._styles.get(paper) or self._new_style(paper))[" "]
        return made

    def _add(self, row: list[Cell], text: str, sgr: str) -> None:
        of_style = self._styles.get(sgr)
        if of_style is None:
            if len(self._styles) * 60 > _KEPT_CELLS:
                self._styles.clear()
            of_style = self._new_style(sgr)
        if text.isascii() and text.isprintable():
            row += [of_style[character] for character in text]
            return
        for character in text:
            width = get_character_cell_size(character)
            if width == 1 and character.isprintable():
                row.append(of_style[character])
            elif width == 2:
                row.append(of_style[character])
                row.append(None)
            elif width == 1:
                # Private use, unassigned and odd spaces are harmless; invisible and impossible ones are not.
                shown = "\ufffd" if unicodedata.category(character) in ("Cf", "Cs", "Cc") else character
                row.append((shown, sgr))
            else:
                _combine(row, character)


def _combine(row: list[Cell], character: str) -> None:
    """Put a character without width on the one before; control characters have none and end here, drawn nowhere."""
    if ord(character) < 0xA0 or not row:
        return
    at = -1 if row[-1] is not None else -2
    base = row[at]
    if base is not None and character.isprintable():
        row[at] = (base[0] + character, base[1])
