"""Durations as people write them: `90s`, `15m`, `2h`, `1h30m`, `250ms`."""

from __future__ import annotations

import re

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
"""The same grammar for a JSON Schema."""


def parse_duration(text: str) -> float:
    """Return seconds; a bare number is seconds too. ValueError says what is accepted."""
    wanted = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", wanted):
        return float(wanted)
    if not _WHOLE.fullmatch(wanted):
        raise ValueError("not a duration: write 90s, 15m, 2h or 1h30m")
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(wanted))


def show_duration(seconds: float) -> str:
    """Return the shortest exact writing: `15m`, `1h30m`, `2.5s`, `250ms`."""
    if seconds < 1 and seconds * 1000 == int(seconds * 1000) and seconds:
        return f"{int(seconds * 1000)}ms"
    if seconds != int(seconds) or seconds < 60:
        return f"{seconds:g}s"
    left, parts = int(seconds), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(_UNITS_S[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
