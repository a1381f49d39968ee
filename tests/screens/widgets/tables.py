"""Rows and columns for the tests of tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from backends.model.table import Row, RowBatch
from screens.widgets.live_table import LiveTable, TableColumn


def make_row(number: int, status: str = "Running", restarts: int = 0, name: str = "", stamp: str = "orlando") -> Row:
    """Return a pod-like row with a stable uid."""
    return Row(
        uid=f"{stamp}/{number:05d}",
        stamp=stamp,
        namespace="default",
        name=name or f"pod-{number:05d}",
        cells=(name or f"pod-{number:05d}", "1/1", status, restarts),
        created_at=float(number),
    )


def batch(rows: Iterable[Row | None] = (), gone: Iterable[str] = ()) -> RowBatch:
    """Return rows and removals as one batch."""
    return RowBatch(rows={row.uid: row for row in rows if row is not None} | dict.fromkeys(gone))


def columns() -> list[TableColumn]:
    """Return NAME, READY, STATUS, RESTARTS over the cells of `make_row`."""

    def text(index: int) -> Any:
        return lambda row: str(row.cells[index])

    def key(index: int) -> Any:
        return lambda row: row.cells[index]

    def status_tone(row: Row) -> str | None:
        return {"Running": "good", "Pending": "warn", "Failed": "bad"}.get(str(row.cells[2]))

    return [
        TableColumn("name", "NAME", text(0), key(0), max_width=50, flexible=True, min_width=8),
        TableColumn("ready", "READY", text(1), key(1)),
        TableColumn("status", "STATUS", text(2), key(2), tone=status_tone),
        TableColumn("restarts", "RESTARTS", text(3), key(3), right=True),
    ]


class TableApp(App[None]):
    """One table that notes every message it sends."""

    def __init__(self, table: LiveTable) -> None:
        super().__init__()
        self.table = table
        self.seen: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    def on_table_message(self, message: Any) -> None:
        self.seen.append(message)

    on_row_highlighted = on_row_selected = on_counts_changed = on_sort_changed = on_table_message


def lines(table: LiveTable) -> list[str]:
    """Return the table's lines as they are drawn."""
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


async def settle(pilot: Pilot[None]) -> None:
    """Wait until no change waits for a frame."""
    table = pilot.app.query_one(LiveTable)
    for _ in range(200):
        await pilot.pause(0.01)
        if not table.is_busy:
            await pilot.pause()
            return
    raise AssertionError("the table never came to rest")
