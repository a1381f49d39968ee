"""A table as comma-separated values, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from backends.model import inert
from backends.model.table import Row
from screens.widgets.columns import TableColumn

_FORMULA = ("=", "+", "-", "@")


def csv_lines(columns: Sequence[TableColumn], rows: Iterable[Row]) -> Iterator[str]:
    """Yield the titles and every row as lines of RFC 4180, with the texts the table shows, uncut."""
    yield _line([column.title for column in columns])
    for row in rows:
        yield _line([_cell(column.text(row)) for column in columns])


def _line(texts: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()


def _cell(text: str) -> str:
    """Return a text that no terminal obeys and no spreadsheet calculates: a pod's owner chooses what it says."""
    shown = inert.line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
