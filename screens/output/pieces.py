"""Changed cells as pieces of text in one style each, written style by style.

A change of true colours takes 20 to 40 bytes, a jump 6 to 8: all pieces of one style are written before those of
the next, wherever on the screen they are. The terminal shows the whole frame at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from screens.output.cells import Cell
from screens.output.sgr import on_blank, transition

GAP = 7
"""Unchanged cells of the same style that are written again rather than jumped over: a jump costs as many bytes."""
RESET = "\x1b[m"
_NOTHING = ("", "")


class Piece:
    """Text of one style from column `start` to before `end` of line `y`."""

    __slots__ = ("end", "has_ink", "paper", "start", "style", "text", "y")

    def __init__(self, y: int, x: int, style: str) -> None:
        self.y = y
        self.start = self.end = x
        self.style = style
        self.paper = on_blank(style)
        self.has_ink = False
        """While it has none, it can take on any style that looks the same on blanks."""
        self.text: list[str] = []

    def extend(self, row: Sequence[Cell], last: int) -> bool:
        """Add all cells up to and with column `last` if one style can draw them; else return False and add none."""
        text: list[str] = []
        x, style, has_ink = self.end, self.style, self.has_ink
        while x <= last:
            character, wanted = row[x] or _NOTHING
            x += 1
            if character != " " or wanted != self.paper:
                if wanted != style:
                    if has_ink or on_blank(wanted) != self.paper:
                        return False
                    style = wanted
                has_ink = True
            text.append(character)
            if character > "\x7f":
                x += x < len(row) and row[x] is None
                if x < len(row) and _width_is_disputed(character):
                    text.append(f"\x1b[{x + 1}G")
        self.text += text
        self.end, self.style, self.has_ink = x, style, has_ink
        return True


class Pieces:
    """The pieces of one frame. `add_line` for each line that differs, then `write` once."""

    def __init__(self) -> None:
        self._pieces: list[Piece] = []

    def add_line(self, y: int, row: Sequence[Cell], columns: Sequence[int]) -> None:
        """Take the cells at these columns of a line, both halves of a wide character with either."""
        piece: Piece | None = None
        for x in columns:
            cell = row[x]
            if piece is not None:
                if x < piece.end:
                    continue
                # Most cells go on where the last one was, in the same style: 8,000 of them when all is drawn anew.
                if x == piece.end and cell is not None and cell[0] < "\x7f":
                    if cell[1] is piece.style:
                        piece.has_ink = True
                        piece.text.append(cell[0])
                        piece.end += 1
                        continue
                    if cell[0] == " " and cell[1] == piece.paper:
                        piece.text.append(" ")
                        piece.end += 1
                        continue
            at = x if cell is not None else x - 1
            if piece is None or at - piece.end > GAP or not piece.extend(row, at):
                piece = Piece(y, at, (row[at] or _NOTHING)[1])
                piece.extend(row, at)
                self._pieces.append(piece)

    def write(self) -> str:
        """Return the sequence that draws all pieces, beginning and ending without attributes."""
        of_style: dict[str, list[Piece]] = {}
        for piece in self._pieces:
            of_style.setdefault(piece.style, []).append(piece)
        out: list[str] = []
        style, at = "", (-1, -1)
        for wanted, pieces in of_style.items():
            out.append(transition(style, wanted))
            style = wanted
            for piece in pieces:
                if at != (piece.y, piece.start):
                    out.append(_jump(at, piece.y, piece.start))
                out += piece.text
                at = (piece.y, piece.end)
        if style:
            out.append(RESET)
        return "".join(out)


def _jump(at: tuple[int, int], y: int, x: int) -> str:
    """Return the shortest move of the cursor to a place; both are (line, column) from 0."""
    if at[0] == y:
        forward = x - at[1]
        return f"\x1b[{forward if forward > 1 else ''}C" if 0 < forward < 10 else f"\x1b[{x + 1}G"
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


def _width_is_disputed(character: str) -> bool:
    """Whether terminals disagree how far the cursor moves: pictures and combined characters."""
    return character > "\x7f" and (len(character) > 1 or character >= "\U0001f000" or "\u2600" <= character <= "\u27bf")
