"""Text from outside on its way to a widget."""

from __future__ import annotations

from textual.content import Content

from backends.model import inert


def plain(text: str) -> Content:
    """Return foreign text as content any widget may show: no markup, no control characters, line breaks kept."""
    return Content("\n".join(inert.line(part) for part in text.split("\n")))


def plain_name(text: str) -> Content:
    """Return a foreign name or title as one line of content in which every odd character is visible."""
    return Content(inert.name(text))
