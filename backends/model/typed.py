"""The number inside a printed cell, so that filters compare and sorts order what cells mean, not how they look."""

from __future__ import annotations

import re
from functools import lru_cache

from backends.model.age import parse_duration
from backends.model.quantity import parse
from backends.model.table import CellValue

AGE = "age"
"""The column that is never read from the server's text: the text stands still, `created_at` does not."""

_DURATION_COLUMNS = frozenset({AGE, "lastseen", "firstseen", "duration", "lastschedule"})
_RATIO = re.compile(r"(\d+)/(\d+)", re.ASCII)
COUNT_AGO = re.compile(r"(\d+) \((.+) ago\)", re.ASCII)
"""A RESTARTS cell since kubectl 1.22: how many, and how long ago the last one was."""
_NOT_KEY = re.compile(r"[^0-9a-z%]+")

MISSING = frozenset({"", "<none>", "<unknown>", "<pending>", "<unset>", "<nil>", "<invalid>", "n/a", "-"})


@lru_cache(maxsize=1024)
def column_key(name: str) -> str:
    """Return a column's name as people type it: `Up-to-date`, `up to date` and `UPTODATE` are one column."""
    return _NOT_KEY.sub("", name.lower())


def is_duration(key: str) -> bool:
    """Whether cells of the column `key` are durations, where `5m` is five minutes and not five thousandths."""
    return key in _DURATION_COLUMNS


def is_missing(value: CellValue) -> bool:
    """Whether a cell says that there is nothing to say."""
    return value is None or (isinstance(value, str) and (value.lower() in MISSING or value.startswith("<unknown>")))


def number(key: str, value: CellValue) -> float | None:
    """Return what a cell of column `key` measures, or None when it is no number.

    Quantities are plain numbers (`500m` is 0.5), durations seconds, `3/4` is 3, `45%` is 45,
    `3 (5m ago)` is 3.
    """
    if isinstance(value, str):
        return _duration(value) if key in _DURATION_COLUMNS else _quantity(value)
    if value is None or isinstance(value, bool):
        return None
    return float(value)


def ratio(value: CellValue) -> tuple[int, int] | None:
    """Return both numbers of a `3/4` cell, or None when it is not one."""
    found = _RATIO.fullmatch(value) if isinstance(value, str) else None
    return (int(found[1]), int(found[2])) if found else None


@lru_cache(maxsize=8192)
def _duration(text: str) -> float | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def _quantity(text: str) -> float | None:
    found = _RATIO.fullmatch(text) or COUNT_AGO.fullmatch(text)
    if found:
        return float(found[1])
    try:
        return float(parse(text.removesuffix("%")))
    except ValueError:
        return None
