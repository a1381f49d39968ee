"""The failure catalogue: which failure a text tells of."""

from __future__ import annotations

import re
from functools import cache

from backends.aks_engine.log.failures import access, command_line, deployment, launching, models, running
from backends.aks_engine.log.failures.kind import Kind
from backends.model.engine.progress import Retry

KINDS: tuple[Kind, ...] = (
    *launching.KINDS,
    *command_line.KINDS,
    *models.KINDS,
    *access.KINDS,
    *running.KINDS,
    *deployment.KINDS,
)
"""The more exact first."""

UNKNOWN = Kind(
    "unknown",
    "",
    "aks-engine gave up, for a reason that is not in the catalogue",
    "read the end of its log, and compare machines, nodes and api model",
    Retry.NOT,
)

_READ = 65_536
"""Characters of one message that are looked into."""


def find(text: str, family: str = "") -> tuple[int, re.Match[str]] | None:
    """Return the most exact kind that the text tells of, as its place in `KINDS`; of that family alone if given."""
    text = text[:_READ]
    for index, pattern in _patterns(family):
        if found := pattern.search(text):
            return index, found
    return None


@cache
def _patterns(family: str) -> tuple[tuple[int, re.Pattern[str]], ...]:
    return tuple(
        (index, re.compile(kind.pattern, re.DOTALL))
        for index, kind in enumerate(KINDS)
        if (kind.of == family if family else not kind.only_within)
    )
