"""Lines of toned text: what pure functions return and widgets draw. Every piece is made inert on its way out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.content import Content, Span
from textual.strip import Strip
from textual.widget import Widget

from backends.model import inert

STYLES: dict[str, str] = {
    "good": "$text-success",
    "warn": "$text-warning",
    "bad": "$text-error",
    "dim": "$foreground 60%",
    "strong": "bold $foreground",
    "title": "bold $text-primary",
    "accent": "$text-accent",
    "name": "$text-primary",
    "found": "bold reverse $text-accent",
    "good-strong": "bold $text-success",
    "warn-strong": "bold $text-warning",
    "bad-strong": "bold $text-error",
    "dim-strong": "bold $foreground 60%",
}
"""What each tone looks like, in variables of the theme."""


class Piece(NamedTuple):
    """Some text in one tone; the empty tone is the widget's own colour."""

    text: str
    tone: str = ""


Line = tuple[Piece, ...]
EMPTY: Line = ()


def line(*pieces: Piece | str | tuple[str, str | None]) -> Line:
    """Return a line of strings and (text, tone) pairs, leaving out what is empty."""
    made: list[Piece] = []
    for piece in pieces:
        text, tone = (piece, "") if isinstance(piece, str) else piece
        # Blanks are pieces of their own: SVG renderers drop those at the start of a coloured run.
        if text and tone and text[0] == " " and (rest := text.lstrip(" ")):
            made.append(Piece(" " * (len(text) - len(rest))))
            text = rest
        if text:
            made.append(Piece(inert.name(text), tone or ""))
    return tuple(made)


def width_of(pieces: Line) -> int:
    """Return how many cells a line takes."""
    return sum(cell_len(piece.text) for piece in pieces)


def cut(pieces: Line, width: int, more: str = "…") -> Line:
    """Return a line of at most `width` cells, its end replaced by `more` when something is lost."""
    if width_of(pieces) <= width:
        return pieces
    left, kept = max(0, width - cell_len(more)), []
    for piece in pieces:
        size = cell_len(piece.text)
        if size > left:
            kept.append(Piece(set_cell_size(piece.text, left).rstrip() + more, piece.tone))
            break
        kept.append(piece)
        left -= size
    return tuple(kept) if width > 0 else EMPTY


def spread(left: Line, right: Line, width: int) -> Line:
    """Return one line with `right` at the right edge; when both do not fit, the left one is cut first."""
    room = width - width_of(right) - 1
    if room < width // 3:
        return cut(left, width)
    left = cut(left, room)
    return (*left, Piece(" " * (width - width_of(left) - width_of(right))), *right)


def wrap(text: str, width: int, lines: int) -> list[str]:
    """Break inert text at spaces into at most `lines` lines of `width` cells; the last one ends in `…` if cut."""
    rest = inert.line(" ".join(text.split()))
    broken: list[str] = []
    while rest and len(broken) < lines:
        if cell_len(rest) <= width:
            broken.append(rest)
            return broken
        head = set_cell_size(rest, width)
        at = head.rfind(" ")
        if at < width // 2 or len(broken) == lines - 1:
            at = len(head)
        if len(broken) == lines - 1:
            broken.append(set_cell_size(rest, max(0, width - 1)).rstrip() + "…")
            return broken
        broken.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return broken


def as_content(lines: Iterable[Line]) -> Content:
    """Return lines as one Textual content, one per row; nothing in them is read as markup."""
    text: list[str] = []
    spans: list[Span] = []
    at = 0
    for number, pieces in enumerate(lines):
        if number:
            text.append("\n")
            at += 1
        for piece in pieces:
            if style := STYLES.get(piece.tone):
                spans.append(Span(at, at + len(piece.text), style))
            text.append(piece.text)
            at += len(piece.text)
    return Content("".join(text), spans)


def as_strip(widget: Widget, pieces: Line, width: int) -> Strip:
    """Return a line as a strip of exactly `width` cells in the widget's own colours."""
    base = widget.visual_style
    parse = widget.app.stylesheet.parse_style
    drawn = [
        Segment(piece.text, (base + parse(STYLES[piece.tone]) if piece.tone in STYLES else base).rich_style)
        for piece in pieces
    ]
    return Strip(drawn).adjust_cell_length(width, base.rich_style)


def as_text(lines: Sequence[Line]) -> str:
    """Return the bare text of lines: for tests and for copying."""
    return "\n".join("".join(piece.text for piece in pieces).rstrip() for pieces in lines)
