"""Short lists in the same table as everything else: rows of ready texts, each with its tone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from backends.model.table import Row, RowBatch
from screens.widgets.columns import TableColumn

Cell = tuple[str, str | None]
"""A text and its tone."""


def text_columns(titles: Sequence[str], long: Iterable[str] = ()) -> list[TableColumn]:
    """Return columns of ready texts; those named in `long` give way when there is no room."""
    return [_column(index, title, title in tuple(long), len(titles)) for index, title in enumerate(titles)]


def _column(index: int, title: str, long: bool, count: int) -> TableColumn:
    text: Callable[[Row], str] = lambda row: str(row.cells[index])  # noqa: E731
    return TableColumn(
        key=title.lower(),
        title=title,
        text=text,
        sort_key=text,
        tone=lambda row: str(row.cells[count + index]) or None,
        max_width=100 if long else 40,
        min_width=14 if long else 3,
        flexible=long,
    )


def text_row(uid: str, cells: Sequence[Cell], *, stamp: str = "", name: str = "") -> Row:
    """Return a row of ready texts for `text_columns`."""
    return Row(uid, stamp, "", name, (*(text for text, _ in cells), *(tone or "" for _, tone in cells)))


def changes(before: dict[str, Row], after: dict[str, Row]) -> RowBatch:
    """Return what makes `before` into `after`."""
    batch = RowBatch({uid: None for uid in before if uid not in after})
    batch.rows.update({uid: row for uid, row in after.items() if uid not in before or before[uid].cells != row.cells})
    return batch
