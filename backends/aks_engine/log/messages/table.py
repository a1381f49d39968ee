"""How a message is written down: its text with slots, such as `Master node: <node> is ready`.

A slot takes what its name says: a count, a machine's name, a word; one that ends in `…` takes any text. Several rows
may share an id. The texts are those of aks-engine-azurestack v0.85.0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends.model.engine.progress import Phase
from backends.model.fleet import Severity

MACHINE = r"[0-9A-Za-z-]{1,253}"
_NUMBERS = frozenset(("count", "create", "done", "index", "left", "number", "pods", "to", "todo", "total", "vms"))
_MACHINES = frozenset(("node", "old", "new"))
_SLOT = re.compile(r"<(\w+)(…?)>")


@dataclass(frozen=True, slots=True)
class Message:
    """One thing it can say.

    `severity` overrules the logger's level, `is_noise` marks what an operator can do without, `phase` is the stretch
    of the run that it shows, None when it can come in several.
    """

    id: str
    text: str
    phase: Phase | None = None
    severity: Severity | None = None
    is_noise: bool = False

    def pattern(self) -> str:
        """Return the regular expression that the whole message matches."""
        parts: list[str] = []
        at = 0
        for slot in _SLOT.finditer(self.text):
            parts += (re.escape(self.text[at : slot.start()]), f"(?P<{slot[1]}>{_what(slot[1], slot[2])})")
            at = slot.end()
        return "".join((*parts, re.escape(self.text[at:])))

    def first_word(self) -> str:
        """Return the word it begins with, "" when that may differ."""
        word, space, _ = self.text.partition(" ")
        return word if space and not _SLOT.search(word) else ""


def _what(name: str, dots: str) -> str:
    if dots:
        return ".*?"
    if name in _NUMBERS:
        return r"-?\d{1,9}"
    return MACHINE if name in _MACHINES else r"\S+?"


Rows = tuple[tuple[str, str], ...]


def table(
    rows: Rows, *, phase: Phase | None = None, severity: Severity | None = None, is_noise: bool = False
) -> tuple[Message, ...]:
    """Return rows of id and text as messages that share the rest."""
    return tuple(Message(id, text, phase, severity, is_noise) for id, text in rows)
