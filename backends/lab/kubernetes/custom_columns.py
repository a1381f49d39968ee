"""Tables of custom resources: the columns their CustomResourceDefinition asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backends.lab.kubernetes.tables.printer import Cells, ColumnDefinition, Object, Printer
from backends.lab.kubernetes.tables.texts import since

_STEP = re.compile(
    r"\.?(?:\[(?P<index>-?\d+|\*)\]"
    r"|\['(?P<quoted>[^']*)'\]"
    r"|(?P<key>(?:\\.|[^.\[\]])+)"
    r"|\[\?\(@\.(?P<field>[^=\s]+)\s*==\s*[\"'](?P<value>[^\"']*)[\"']\)\])"
)
_DEFAULT = [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def printer(definitions: list[dict[str, Any]] | None) -> Printer:
    """Return the printer for `additionalPrinterColumns`; without any it is name and age."""
    asked = definitions or _DEFAULT
    columns: list[ColumnDefinition] = [
        {"name": "Name", "type": "string", "format": "name", "description": "Name of the object.", "priority": 0},
        *(
            {
                "name": each["name"],
                "type": each.get("type", "string"),
                "format": each.get("format", ""),
                "description": each.get("description", ""),
                "priority": each.get("priority", 0),
            }
            for each in asked
        ),
    ]

    def cells(obj: Object, now: float) -> Cells:
        return [obj["metadata"]["name"], *(_cell(obj, each, now) for each in asked)]

    return Printer(tuple(columns), cells)


def _cell(obj: Object, column: dict[str, Any], now: float) -> Any:
    value = next(follow(obj, column["jsonPath"]), None)
    kind = column.get("type", "string")
    if value is None:
        return None
    if kind == "date":
        return since(value, now) if isinstance(value, str) else "<invalid>"
    if kind == "string":
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return value


def follow(obj: Any, path: str) -> Iterator[Any]:
    """Yield what a simple JSONPath (keys, indexes, one equality filter per step) finds."""
    found = [obj]
    for step in _STEP.finditer(path.strip("{}")):
        found = [each for value in found for each in _step(value, step)]
    yield from found


def _step(value: Any, step: re.Match[str]) -> list[Any]:
    if step["field"] is not None:
        return [
            each for each in value or () if isinstance(each, dict) and str(each.get(step["field"])) == step["value"]
        ]
    if step["index"] is not None:
        if not isinstance(value, list):
            return []
        return list(value) if step["index"] == "*" else value[int(step["index"]) :][:1]
    key = step["quoted"] if step["quoted"] is not None else step["key"].replace("\\", "")
    return [value[key]] if isinstance(value, dict) and key in value else []
