"""Rows of any kind as text: aligned, wide, CSV, names, or documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from backends.model import inert
from backends.model.cells import text_reader
from backends.model.csv_text import csv_line
from backends.model.table import Column, Row
from backends.model.typed import column_key
from console.commands.drawing import cell_text, table, width


@dataclass(frozen=True, slots=True)
class RowsPrinter:
    """How rows of one kind become lines; `with_stamp` and `with_namespace` put those columns in front."""

    columns: tuple[Column, ...]
    kind: str
    with_stamp: bool
    with_namespace: bool
    wide: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """The titles as kubectl prints them; those of a custom resource are as foreign as its cells."""
        front = ("STAMP",) * self.with_stamp + ("NAMESPACE",) * self.with_namespace
        return (*front, *(inert.name(self.columns[at].name).upper() for at in self._shown))

    def cells(self, row: Row, now: float) -> tuple[str, ...]:
        """Return the texts of one row under `header`; ages count to `now`."""
        front = (row.stamp,) * self.with_stamp + (row.namespace,) * self.with_namespace
        return (*front, *(read(row, now) for read in self._readers()))

    def as_table(self, rows: Sequence[Row], now: float) -> list[str]:
        """Return aligned lines, header first."""
        return table(self.header, [self.cells(row, now) for row in rows])

    def as_csv(self, rows: Sequence[Row], now: float) -> list[str]:
        """Return lines of comma-separated values, header first."""
        return [csv_line(self.header), *(csv_line(self.cells(row, now)) for row in rows)]

    def as_names(self, rows: Sequence[Row]) -> list[str]:
        """Return `kind/name` lines, as kubectl's -o name, behind the stamp's name when there are several."""
        front = "{0.stamp} " if self.with_stamp else ""
        return [front.format(row) + f"{self.kind}/{inert.name(row.name)}" for row in rows]

    def as_documents(self, rows: Sequence[Row], now: float) -> list[dict[str, Any]]:
        """Return one plain mapping per row: where it is, its labels, and its cells by column."""
        return [self.as_document(row, now) for row in rows]

    def as_document(self, row: Row, now: float) -> dict[str, Any]:
        """Return a row as a mapping; cells that are numbers stay numbers."""
        return {
            "stamp": row.stamp,
            "namespace": row.namespace or None,
            "name": row.name,
            "age_s": round(now - row.created_at, 1) if row.created_at else None,
            "labels": row.labels or {},
            "owner": row.owner or None,
            "cells": {
                column.name: cell for column, cell in zip(self.columns, row.cells, strict=False) if not _is_age(column)
            },
        }

    @property
    def _shown(self) -> list[int]:
        # A column named like one of ours in front would say the same twice.
        ours = {"stamp"} | ({"namespace"} if self.with_namespace else set())
        return [
            at
            for at, column in enumerate(self.columns)
            if (self.wide or column.priority == 0) and column_key(column.name) not in ours
        ]

    def _readers(self) -> list[Callable[[Row, float], str]]:
        return [text_reader(self.columns, at) for at in self._shown]


class AlignedLines:
    """Prints rows one by one under widths that only grow, for output that goes on."""

    def __init__(self, printer: RowsPrinter, rows: Sequence[Row], now: float) -> None:
        self._printer = printer
        cells = [printer.header, *(printer.cells(row, now) for row in rows)]
        self._widths = [max(width(cell_text(row[at])) for row in cells) for at in range(len(printer.header))]

    def line(self, row: Row, now: float) -> str:
        """Return one aligned line."""
        texts = [cell_text(cell) for cell in self._printer.cells(row, now)]
        self._widths = [max(wide, width(text)) for wide, text in zip(self._widths, texts, strict=True)]
        return "".join(
            text + " " * (wide - width(text) + 3) for text, wide in zip(texts, self._widths, strict=True)
        ).rstrip()


def _is_age(column: Column) -> bool:
    return column_key(column.name) == "age"
