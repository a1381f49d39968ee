"""The order of rows by any column: by what cells mean, missing values last, ties by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from backends.model.table import CellValue, Column, Row
from backends.model.typed import MISSING, column_key, is_missing, number, ratio

SortKey: TypeAlias = tuple[int, float, float, str, str | bytes]

_DIGITS = re.compile(r"[0-9]+")
_NUMBER, _TEXT, _MISSING = 0, 1, 2
_TURNED = bytes(range(255, -1, -1))


def natural(text: str) -> str:
    """Return a text in whose order numbers count as numbers: pool-2 before pool-10, 10.0.0.9 before 10.0.0.10."""
    head, dash, tail = text.lower().rpartition("-")
    # Names of one owner differ after their last dash only: the rest is looked up, which halves the time.
    return f"{_spread(head)}{dash}{_DIGITS.sub(_padded, tail)}" if dash else _DIGITS.sub(_padded, tail)


@lru_cache(maxsize=4096)
def _spread(head: str) -> str:
    return _DIGITS.sub(_padded, head)


def _padded(found: re.Match[str]) -> str:
    return found[0].zfill(16)


def row_key(columns: Sequence[Column], name: str, *, reverse: bool = False) -> Callable[[Row], SortKey]:
    """Return the sort key for a column, also `stamp`, `namespace`, `name` and `age`, which every row has.

    Pass the `reverse` the sort will use: rows without a value stay last, and equal ones stay in the order of
    their names, either way. Ages rise from the youngest. Raises KeyError when there is no such column.
    """
    value = _reader(columns, name)
    key = column_key(name)
    last = -1 if reverse else 1

    def of(row: Row) -> SortKey:
        rank, first, second, text = _ordered(key, value(row))
        return (rank if rank != _MISSING else last * _MISSING, first, second, text, _tie(row, reverse))

    return of


def _tie(row: Row, reverse: bool) -> str | bytes:
    """Return what orders equal rows by name: turned round for a descending sort, which turns it back."""
    tie = f"{row.name}\0{row.uid}"
    return tie.encode(errors="surrogatepass").translate(_TURNED) + b"\xff" if reverse else tie


def _ordered(key: str, value: CellValue) -> tuple[int, float, float, str]:
    if isinstance(value, str) and value[:1].isalpha() and value.lower() not in MISSING:
        return _TEXT, 0.0, 0.0, natural(value)  # a name: every number begins with a digit, sign or dot
    if is_missing(value):
        return _MISSING, 0.0, 0.0, ""
    parts = ratio(value)
    if parts is not None:
        have, wanted = parts
        return _NUMBER, have / wanted if wanted else 1.0, float(wanted), ""
    measured = number(key, value)
    if measured is not None:
        return _NUMBER, measured, 0.0, ""
    return _TEXT, 0.0, 0.0, natural(str(value))


def _reader(columns: Sequence[Column], name: str) -> Callable[[Row], CellValue]:
    key = column_key(name)
    match key:
        case "stamp":
            return lambda row: row.stamp
        case "namespace":
            return lambda row: row.namespace
        case "age":
            return lambda row: -row.created_at if row.created_at else None
    for index, column in enumerate(columns):
        if column_key(column.name) == key:
            return _cell(index)
    if key == "name":
        return lambda row: row.name
    raise KeyError(name)


def _cell(index: int) -> Callable[[Row], CellValue]:
    return lambda row: row.cells[index] if index < len(row.cells) else None
