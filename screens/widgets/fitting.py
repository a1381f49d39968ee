"""Texts cut and padded to cells."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

ELLIPSIS = "…"


def fit(text: str, width: int, right: bool = False) -> str:
    """Return the text in exactly `width` cells: padded, or cut with an ellipsis."""
    if text.isascii():
        length = len(text)
        if length > width:
            return text[: width - 1] + ELLIPSIS if width > 0 else ""
        return text.rjust(width) if right else text.ljust(width)
    length = cell_len(text)
    if length > width:
        return set_cell_size(set_cell_size(text, width - 1).rstrip() + ELLIPSIS, width) if width > 0 else ""
    padding = " " * (width - length)
    return padding + text if right else text + padding


def text_width(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)
