"""Ages and durations as kubectl writes them (apimachinery's duration.HumanDuration), both ways."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", re.ASCII)
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+", re.ASCII)


def format_duration(seconds: float) -> str:
    """Write a duration in kubectl's two-figure style; more than a second in the future is `<invalid>`."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _pair(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _pair(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _pair(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _pair(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _pair(whole: int, big_s: int, big: str, small_s: int, small: str) -> str:
    rest = whole % big_s // small_s
    return f"{whole // big_s}{big}{rest}{small}" if rest else f"{whole // big_s}{big}"


def parse_duration(text: str) -> float:
    """Return the seconds of `45s`, `5m10s`, `3d4h`, `1.5h`, `2w`, `1y30d`; ValueError otherwise."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))


def parse_time(text: str) -> float:
    """Return an RFC 3339 time (`2026-11-23T14:02:03Z`, up to nanoseconds) as seconds since the epoch, or 0.0."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def format_time(at: float) -> str:
    """Return a moment (seconds since the epoch) as RFC 3339 in UTC and whole seconds, as metav1.Time is written."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
