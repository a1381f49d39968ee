"""Texts that many kinds share: ages, labels, selectors, containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@lru_cache(maxsize=65_536)
def seconds_of(timestamp: str) -> float:
    """Return a metav1.Time or MicroTime as seconds since the Unix epoch."""
    return datetime.fromisoformat(timestamp).timestamp()


def human_duration(seconds: float) -> str:
    """Return a duration as kubectl writes ages: two units at most, the coarser the longer (`95s`, `3m20s`, `5d3h`).

    The steps are those of k8s.io/apimachinery/pkg/util/duration.HumanDuration.
    """
    whole = int(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole}s" if whole >= 0 else "0s" if whole >= -1 else "<invalid>"
    if whole < 10 * _MINUTE:
        return _two_units(whole // _MINUTE, "m", whole % _MINUTE, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two_units(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two_units(whole // _DAY, "d", whole % _DAY // _HOUR, "h")
    days = whole // _DAY
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _two_units(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two_units(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def since(timestamp: str | None, now: float) -> str:
    """Return how long ago a timestamp was; `<unknown>` when there is none."""
    return human_duration(now - seconds_of(timestamp)) if timestamp else UNKNOWN


def age(obj: Mapping[str, Any], now: float) -> str:
    """Return how long ago an object was created."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def labels_text(labels: Mapping[str, str] | None) -> str:
    """Return `a=1,b=2`, sorted; `<none>` for no labels."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else NONE


def selector_text(selector: Mapping[str, Any] | None, empty: str = NONE) -> str:
    """Return a LabelSelector as kubectl's `-l` would take it; `empty` when it selects everything."""
    if not selector:
        return empty
    terms = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    terms += [(each["key"], _requirement_text(each)) for each in selector.get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(terms)) or empty


def _requirement_text(requirement: Mapping[str, Any]) -> str:
    key, operator = requirement["key"], requirement["operator"]
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    return f"{key} {operator.lower()} ({','.join(sorted(requirement.get('values') or ()))})"


def container_cells(pod_spec: Mapping[str, Any]) -> tuple[str, str]:
    """Return the names and the images of a pod template's containers, each joined by commas."""
    containers = pod_spec.get("containers") or ()
    return ",".join(each["name"] for each in containers), ",".join(each.get("image", "") for each in containers)


def first_few(texts: Iterable[str], limit: int, count: int | None = None, empty: str = UNSET) -> str:
    """Return the first `limit` texts and how many more there are (`a,b,c + 2 more...`)."""
    listed = list(texts)
    total = len(listed) if count is None else count
    if total > limit:
        return f"{','.join(listed[:limit])} + {total - limit} more..."
    return ",".join(listed) or empty


def boolean_text(value: bool | None) -> str:
    """Return `True` or `False` as Go code of the real server prints optional booleans, `<unset>` for none."""
    return UNSET if value is None else str(value)
