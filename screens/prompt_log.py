"""What was entered at prompts before."""

from __future__ import annotations


class PromptLog:
    """Lines entered before, newest last, one log per kind of prompt."""

    def __init__(self, limit: int = 100) -> None:
        self._lines: dict[str, list[str]] = {}
        self._limit = limit

    def add(self, mode: str, text: str) -> None:
        """Remember a line; an old copy of it moves to the end."""
        lines = self._lines.setdefault(mode, [])
        if text in lines:
            lines.remove(text)
        lines.append(text)
        del lines[: -self._limit]

    def lines(self, mode: str) -> list[str]:
        """All lines of one kind of prompt."""
        return self._lines.get(mode, [])
