"""What is asked of the journal's rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows are asked for: the newest `limit` that fit, and only those numbered above `after`."""

    since_us: int | None = None
    stamp: str = ""
    operation: str = ""
    after: int = 0
    limit: int = 10_000
