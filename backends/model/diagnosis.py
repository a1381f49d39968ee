"""Why something is unhealthy, in words, from deterministic rules over whole objects."""

from __future__ import annotations

from dataclasses import dataclass

from backends.model.fleet import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, how we know, and what to do about it."""

    severity: Severity
    text: str
    evidence: str = ""
    todo: str = ""
