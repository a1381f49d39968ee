"""Reading whole objects that may lack any part of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.model.age import parse_time


def mapping(value: Any, *path: str) -> dict[str, Any]:
    """Return the mapping at a path, empty when there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def items(value: Any, *path: str) -> list[dict[str, Any]]:
    """Return the mappings of the list at a path, empty when there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: Any, *path: str) -> str:
    """Return what is at a path as one line of text, empty when there is nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else " ".join(str(value).split())


def amount(value: Any, *path: str, default: int = 0) -> int:
    """Return the whole number at a path."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def time_at(value: Any, *path: str) -> float:
    """Return the time at a path in seconds since the epoch, 0 when there is none."""
    found = text(value, *path)
    return parse_time(found) if found else 0.0


def condition(obj: Any, kind: str) -> dict[str, Any]:
    """Return one of the conditions in an object's status, empty when it has none of this type."""
    return next((each for each in items(obj, "status", "conditions") if each.get("type") == kind), {})


def full_name(obj: Any) -> str:
    """Return `namespace/name`, or the name of what has no namespace."""
    namespace, name = text(obj, "metadata", "namespace"), text(obj, "metadata", "name")
    return f"{namespace}/{name}" if namespace else name
