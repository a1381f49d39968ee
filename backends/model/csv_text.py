"""Foreign text as comma-separated values, safe to print and to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from backends.model import inert

_FORMULA = ("=", "+", "-", "@")


def csv_line(texts: Iterable[str]) -> str:
    """Return one line of RFC 4180, without its end, that no terminal obeys and no spreadsheet calculates."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([_cell(text) for text in texts])
    return line.getvalue()


def _cell(text: str) -> str:
    # Whoever owns a pod chooses what it says: a cell that begins like a formula is marked as text.
    shown = inert.line(text)
    return f"'{shown}" if shown.startswith(_FORMULA) and not _is_number(shown) else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
