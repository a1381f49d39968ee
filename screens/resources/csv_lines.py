"""A table as comma-separated values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backends.model.csv_text import csv_line
from backends.model.table import Row
from screens.widgets.columns import TableColumn


def csv_lines(columns: Sequence[TableColumn], rows: Iterable[Row]) -> Iterator[str]:
    """Yield the titles and every row, with the texts the table shows, uncut."""
    yield csv_line(column.title for column in columns)
    for row in rows:
        yield csv_line(column.text(row) for column in columns)
