"""Equal texts of a kind's cells made one object: half of the memory of a large table."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.table import CellValue

_KEPT = 20_000
_ENOUGH = 50
"""Rows from which a page says which columns repeat themselves."""


class SharedTexts:
    """Remembers texts; only columns that repeat their texts are looked up, once a page has shown which they are."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._columns: tuple[int, ...] | None = None
        self._width = 0

    def one(self, text: str) -> str:
        """Return the object that stands for this text."""
        return self._texts.setdefault(text, text)

    def row(self, cells: tuple[CellValue, ...]) -> tuple[CellValue, ...]:
        """Return the cells of one row with its texts shared."""
        self._forget_some()
        same = self._texts.setdefault
        return tuple([same(cell, cell) if type(cell) is str else cell for cell in cells])

    def rows(self, rows: Sequence[tuple[CellValue, ...]]) -> list[tuple[CellValue, ...]]:
        """Return the cells of many rows with their texts shared.

        Column by column, which takes half of the time: names and addresses are each its own, and the rest goes
        through C alone.
        """
        width = len(rows[0]) if rows else 0
        if len(rows) < _ENOUGH or not width or set(map(len, rows)) != {width}:
            return [self.row(cells) for cells in rows]
        self._forget_some()
        columns: list[Sequence[CellValue]] = list(zip(*rows, strict=True))
        if self._columns is None or self._width != width:
            self._width = width
            self._columns = tuple(index for index in range(width) if len(set(columns[index])) * 2 <= len(rows))
        same = self._texts.setdefault
        for index in self._columns:
            column = columns[index]
            # Numbers are left alone: 1, 1.0 and true are equal, and would become one.
            if set(map(type, column)) == {str}:
                columns[index] = list(map(same, column, column))  # type: ignore[arg-type]
        return list(zip(*columns, strict=True))

    def _forget_some(self) -> None:
        if len(self._texts) > _KEPT:
            self._texts.clear()
