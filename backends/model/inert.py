"""Foreign text made safe for a terminal: after this no character of it controls anything."""

from __future__ import annotations


def line(text: str) -> str:
    """Return one log line: escape sequences dropped, other control characters shown, tabs as spaces."""
    raise NotImplementedError


def name(text: str) -> str:
    """Return a name or title in which every odd character is shown, none obeyed, none dropped."""
    raise NotImplementedError
