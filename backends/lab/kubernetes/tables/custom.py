"""Custom resources: columns from `additionalPrinterColumns` of their definition, read by simple JSONPath."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from backends.lab.kubernetes.tables.printer import NAME, Cells, ColumnDefinition, Object, Printer
from backends.lab.kubernetes.tables.texts import human_duration, seconds_of

_STEP = re.compile(
    r"""\.(?P<field>[\w-]+(?:\\\.[\w-]+)*)"""
    r"""|\[(?P<index>-?\d+)\]"""
    r"""|\[(?P<all>\*)\]"""
    r"""|\[['"](?P<quoted>[^'"]+)['"]\]"""
    r"""|\[\?\(@\.(?P<key>[\w.-]+)\s*==\s*['"](?P<value>[^'"]*)['"]\)\]"""
)
_UNDESCRIBED = "Custom resource definition column (in JSONPath format)"
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def select(obj: Any, path: str) -> list[Any]:
    """Return what a JSONPath of fields, indexes, `[*]` and `[?(@.key=="value")]` finds; [] for one it cannot read."""
    found = [obj]
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return []
        found = [each for value in found for each in _take(value, step)]
        position = step.end()
    return found


def _take(value: Any, step: re.Match[str]) -> Sequence[Any]:
    field = step["field"] or step["quoted"]
    if field is not None:
        key = field.replace("\\.", ".")
        return [value[key]] if isinstance(value, dict) and key in value else []
    if not isinstance(value, list):
        return list(value.values()) if step["all"] and isinstance(value, dict) else []
    if step["all"]:
        return value
    if step["index"] is not None:
        index = int(step["index"])
        return [value[index]] if -len(value) <= index < len(value) else []
    return [each for each in value if isinstance(each, dict) and str(each.get(step["key"])) == step["value"]]


def custom_printer(printer_columns: Sequence[dict[str, Any]] | None) -> Printer:
    """Return the printer of a custom resource; with no columns of its own it shows the age, as the real server."""
    chosen = [_AGE] if not printer_columns else list(printer_columns)
    columns: list[ColumnDefinition] = [NAME]
    columns += [
        {
            "name": each["name"],
            "type": each.get("type", "string"),
            "format": each.get("format", ""),
            "description": each.get("description") or f"{_UNDESCRIBED}: {each['jsonPath']}",
            "priority": each.get("priority", 0),
        }
        for each in chosen
    ]
    readings = [(each["jsonPath"], each.get("type", "string")) for each in chosen]

    def cells(obj: Object, now: float) -> Cells:
        return [obj["metadata"]["name"], *(_cell(obj, path, kind, now) for path, kind in readings)]

    return Printer(tuple(columns), cells)


def _cell(obj: Object, path: str, kind: str, now: float) -> Any:
    found = select(obj, path)
    if not found or found[0] is None:
        return None
    value = found[0]
    if kind == "date":
        try:
            return human_duration(now - seconds_of(str(value)))
        except ValueError:
            return "<invalid>"
    if kind == "string":
        return ",".join(_plain(each) for each in found)
    return value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
