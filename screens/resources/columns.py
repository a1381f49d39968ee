"""What the table shows of rows as the server prints them: stamp and namespace where they differ, then its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backends.model import inert
from backends.model.cells import is_right_aligned, text_reader, tone_reader
from backends.model.sorting import row_key
from backends.model.table import Column, Row
from backends.model.typed import column_key
from screens.widgets.columns import TableColumn

_TICKING = frozenset({"age", "lastseen", "firstseen", "lastschedule", "duration"})
_LONG = frozenset(
    {
        *("name", "message", "images", "selector", "containers", "labels", "reference", "object", "nodeselector"),
        *("ports", "externalip", "hosts", "endpoints", "accessmodes"),
    }
)

STAMP = "stamp"
NAMESPACE = "namespace"


def table_columns(
    columns: Sequence[Column],
    kind: str,
    now: Callable[[], float],
    *,
    wide: bool = False,
    with_stamp: bool = False,
    with_namespace: bool = False,
    reverse: bool = False,
) -> list[TableColumn]:
    """Return the columns of a table of `kind` (a plural); `reverse` keeps rows without a value last when descending."""
    shown: list[TableColumn] = []
    if with_stamp:
        shown.append(_fixed(STAMP, lambda row: row.stamp, row_key(columns, STAMP, reverse=reverse), "accent"))
    if with_namespace:
        shown.append(_fixed(NAMESPACE, lambda row: row.namespace, row_key(columns, NAMESPACE, reverse=reverse), "dim"))
    for index, column in enumerate(columns):
        if wide or column.priority == 0:
            shown.append(_server_column(columns, index, kind, now, reverse))
    return shown


def _fixed(key: str, text: Callable[[Row], str], sort_key: Callable[[Row], Any], tone: str) -> TableColumn:
    return TableColumn(key, key.upper(), text, sort_key, tone=lambda row: tone, max_width=24)


def _server_column(
    columns: Sequence[Column], index: int, kind: str, now: Callable[[], float], reverse: bool
) -> TableColumn:
    column = columns[index]
    key = column_key(column.name)
    read = text_reader(columns, index)
    long = key in _LONG
    return TableColumn(
        key=column_identity(column),
        title=inert.name(column.name).upper(),  # whoever defined a custom resource chose it
        text=lambda row: read(row, now()),
        sort_key=row_key(columns, column.name, reverse=reverse),
        tone=tone_reader(columns, index, kind),
        right=is_right_aligned(column),
        min_width=24 if key == "name" else 12 if long else 3,
        max_width=80 if long else 40,
        flexible=long,
        ticking=key in _TICKING,
    )


def column_identity(column: Column) -> str:
    """Return what a column is called in sort state: its name in lower case."""
    return column.name.lower()


def default_sort(kind: str, columns: Sequence[Column]) -> str:
    """Return the column a kind is sorted by at first: events by when, all else by name."""
    names = [column_identity(column) for column in columns]
    if kind == "events" and "last seen" in names:
        return "last seen"
    return "name" if "name" in names else (names[0] if names else "name")
