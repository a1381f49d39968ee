"""What log lines match, what in them, and how bad they sound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import not_

from backends.model.pattern import PatternError, compile_pattern

_EXPRESSION = re.compile(r"[\\.*+?\[\](){}|^$]")
_LEVEL_READ = 400
_BAD = re.compile(
    r"\b(?:ERROR|FATAL|CRITICAL|PANIC|SEVERE|EMERG|ALERT|Traceback)\b|^panic:|^[EF]\d{4}\s"
    r"|\b(?:level|lvl|severity)\"?\s?[=:]\s?\"?(?:error|err|fatal|critical|panic|dpanic)\b",
    re.MULTILINE,
)
_WARN = re.compile(r"\bWARN(?:ING)?\b|^W\d{4}\s|\b(?:level|lvl|severity)\"?\s?[=:]\s?\"?warn(?:ing)?\b")
_DIM = re.compile(r"\b(?:DEBUG|TRACE)\b|\b(?:level|lvl|severity)\"?\s?[=:]\s?\"?(?:debug|trace)\b")


def level_tone(text: str) -> str | None:
    """Return the tone of a line by the level it names (words, key=value, JSON, klog), None for the ordinary."""
    head = text[:_LEVEL_READ]
    if _BAD.search(head):
        return "bad"
    if _WARN.search(head):
        return "warn"
    return "dim" if _DIM.search(head) else None


def search_pattern(text: str) -> re.Pattern[str]:
    """Return what finds the text, or the regular expression that it is, whatever the case of its letters.

    Raises ValueError, in words for the reader, when the expression is not valid.
    """
    if not _EXPRESSION.search(text):
        return re.compile(re.escape(text), re.IGNORECASE)
    try:
        return compile_pattern(text, re.IGNORECASE)
    except PatternError as error:
        raise ValueError(f"not a regular expression: {error} at position {error.position}") from None


@dataclass(frozen=True, slots=True)
class LineFilter:
    """Which lines are shown: those with a text in them or matching an expression, or with `!` those without."""

    needle: str
    pattern: re.Pattern[str] | None
    inverse: bool

    @classmethod
    def parse(cls, text: str) -> LineFilter | None:
        """Read what the reader typed; None when it lets everything through. Raises ValueError as `search_pattern`."""
        inverse = text.startswith("!")
        wanted = text[1:] if inverse else text
        if not wanted:
            return None
        plain = not _EXPRESSION.search(wanted)
        return cls(wanted.lower() if plain else "", None if plain else search_pattern(wanted), inverse)

    def select(self, texts: Sequence[str], first: int) -> list[int]:
        """Return the numbers of the texts that pass; the first text has number `first`."""
        if self.pattern is not None:
            search = self.pattern.search
            found = map(not_, map(search, texts)) if self.inverse else map(search, texts)
            return list(compress(count(first), found))
        needle = self.needle
        if self.inverse:
            return [number for number, text in enumerate(texts, first) if needle not in text.lower()]
        return [number for number, text in enumerate(texts, first) if needle in text.lower()]
