"""One set of columns for servers that print a kind differently, and cells moved to fit it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from backends.model.quantity import format_cpu, format_memory
from backends.model.table import CellValue, Column
from backends.model.typed import column_key

CPU = Column("CPU", "string", description="CPU in use, in thousandths of a core (metrics.k8s.io)")
MEMORY = Column("Memory", "string", description="Memory in use (metrics.k8s.io)")
CPU_SHARE = Column("CPU%", "string", description="CPU in use, of what the node offers to pods")
MEMORY_SHARE = Column("Memory%", "string", description="Memory in use, of what the node offers to pods")

POD_USAGE = (CPU, MEMORY)
NODE_USAGE = (CPU, CPU_SHARE, MEMORY, MEMORY_SHARE)


def united(tables: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """Return the union of columns by name: the first table's order, later ones' extra columns where they stood.

    A column is wide only where every server that prints it says so.
    """
    found: list[Column] = []
    for table in tables:
        position = 0
        for column in table:
            keys = [column_key(known.name) for known in found]
            key = column_key(column.name)
            if key in keys:
                position = keys.index(key)
                if column.priority < found[position].priority:
                    found[position] = column
            else:
                found.insert(position, column)
            position += 1
    return tuple(found)


def aligner(
    own: Sequence[Column], wanted: Sequence[Column]
) -> Callable[[tuple[CellValue, ...]], tuple[CellValue, ...]] | None:
    """Return how to move cells of `own` columns to `wanted` ones, empty where missing; None when they fit."""
    keys = [column_key(column.name) for column in own]
    order = [keys.index(key) if (key := column_key(column.name)) in keys else -1 for column in wanted]
    if order == list(range(len(own))):
        return None

    def align(cells: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
        count = len(cells)
        return tuple(cells[index] if 0 <= index < count else "" for index in order)

    return align


def pod_usage_cells(usage: tuple[int, int] | None) -> tuple[CellValue, ...]:
    """Write a pod's (CPU millicores, memory bytes) for `POD_USAGE`."""
    return (format_cpu(usage[0]), format_memory(usage[1])) if usage else ("", "")


def node_usage_cells(usage: tuple[int, int] | None, room: tuple[int, int] | None) -> tuple[CellValue, ...]:
    """Write a node's use, and its share of what the node offers, for `NODE_USAGE`."""
    if usage is None:
        return "", "", "", ""
    cpu, memory = usage
    cpu_share, memory_share = (_share(cpu, room[0]), _share(memory, room[1])) if room else ("", "")
    return format_cpu(cpu), cpu_share, format_memory(memory), memory_share


def _share(used: int, offered: int) -> str:
    return f"{used * 100 // offered}%" if offered > 0 else ""
