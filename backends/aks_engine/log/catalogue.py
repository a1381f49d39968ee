"""Which of the known messages a text is."""

from __future__ import annotations

import re
from functools import cache

from backends.aks_engine.log.messages import (
    agents,
    certificates,
    launching,
    loading,
    machine_logs,
    machines,
    masters,
    planning,
    scaling,
)
from backends.aks_engine.log.messages.table import Message

MESSAGES: tuple[Message, ...] = (
    *launching.MESSAGES,
    *loading.MESSAGES,
    *planning.MESSAGES,
    *masters.MESSAGES,
    *agents.MESSAGES,
    *machines.MESSAGES,
    *scaling.MESSAGES,
    *certificates.MESSAGES,
    *machine_logs.MESSAGES,
)
"""The more exact before the more general: `Skipping VM: ...` of an upgrade before `Skipping ...` of the collecting."""
PHASES = {each.id: each.phase for each in MESSAGES if each.phase is not None}


def find(text: str) -> tuple[Message, dict[str, str]] | None:
    """Return the message that this text is, with what its slots hold; None when it is none of them."""
    by_word = _by_first_word()
    for message, pattern in (*by_word.get(text.partition(" ")[0], ()), *by_word.get("", ())):
        if found := pattern.fullmatch(text):
            return message, found.groupdict()
    return None


@cache
def _by_first_word() -> dict[str, tuple[tuple[Message, re.Pattern[str]], ...]]:
    """The patterns by the word their texts begin with; compiled when the first line comes."""
    words: dict[str, list[tuple[Message, re.Pattern[str]]]] = {}
    for each in MESSAGES:
        words.setdefault(each.first_word(), []).append((each, re.compile(each.pattern())))
    return {word: tuple(found) for word, found in words.items()}
