"""What a printer of one kind is: its columns, and the function that turns an object into their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
Cells: TypeAlias = list[Any]
ColumnDefinition: TypeAlias = dict[str, Any]
"""One meta.k8s.io/v1 TableColumnDefinition as JSON: name, type, format, description, priority."""


@dataclass(frozen=True, slots=True)
class Printer:
    """`cells(obj, now)` answers one value for each column; `now` is in seconds since the Unix epoch."""

    columns: Sequence[ColumnDefinition]
    cells: Callable[[Object, float], Cells]


PrinterOf: TypeAlias = Callable[[int], Printer]
"""Makes the printer of one kind for a server's minor version."""


def column(
    name: str, description: str, kind: str = "string", *, wide: bool = False, format: str = ""
) -> ColumnDefinition:
    """Return one column; wide ones have priority 1, which clients show on request only."""
    return {"name": name, "type": kind, "format": format, "description": description, "priority": 1 if wide else 0}


NAME = column("Name", "Name of the object, unique within its namespace and kind.", format="name")
AGE = column("Age", "Time since the object was created.")
CREATED_AT = column("Created At", "When the object was created.", "date")
CONTAINERS = column("Containers", "Names of the containers in the template.", wide=True)
IMAGES = column("Images", "Images of the containers in the template.", wide=True)


def same_for_all(columns: Sequence[ColumnDefinition], cells: Callable[[Object, float], Cells]) -> PrinterOf:
    """Return a printer that every server version has."""
    printer = Printer(tuple(columns), cells)
    return lambda minor: printer
