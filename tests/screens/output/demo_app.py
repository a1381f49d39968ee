"""A small program with everything that is hard to draw, for comparing outputs and measuring them.

    python -m tests.screens.output.demo_app [--rows N] [--storm PER_SECOND] [--mode uniform|hot|resort]

Without a storm the same keys always give the same screens.
"""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from backends.model.table import Row, RowBatch
from screens.output.ack_pacing import AckPacing
from screens.output.diff_output import DiffOutput
from screens.widgets.live_table import LiveTable, TableColumn

NAMES = (
    "ratings-web",
    "ratings-api",
    "日本語-の-名前",
    "mongodb-⚠-e\u0301",
    "k8s-linuxpool",
    "naïve-café",
    "👍-thumbs",
)
STATES = ("Running", "Pending", "CrashLoopBackOff", "Completed", "Terminating")


def make_row(number: int, draw: random.Random) -> Row:
    name = f"{NAMES[number % len(NAMES)]}-{number:05d}"
    cells = (
        name,
        f"{draw.randrange(3)}/2",
        STATES[draw.randrange(50) % 5],
        draw.randrange(100),
        f"10.240.{number % 250}.4",
    )
    return Row(uid=str(number), stamp="orlando", namespace="default", name=name, cells=cells)


def columns() -> list[TableColumn]:
    def text(index: int) -> Any:
        return lambda row: str(row.cells[index])

    def key(index: int) -> Any:
        return lambda row: row.cells[index]

    tones = {"Running": "good", "Pending": "warn", "CrashLoopBackOff": "bad", "Completed": "dim"}
    return [
        TableColumn("name", "NAME", text(0), lambda row: int(row.uid), flexible=True, min_width=12),
        TableColumn("ready", "READY", text(1), key(1)),
        TableColumn("status", "STATUS", text(2), key(2), tone=lambda row: tones.get(str(row.cells[2]))),
        TableColumn("restarts", "RESTARTS", text(3), key(3), right=True),
        TableColumn("ip", "IP", text(4), key(4), tone=lambda row: "dim"),
        TableColumn("node", "NODE", lambda row: f"k8s-linuxpool-35064155-{len(row.name) % 4}", key(0)),
    ]


class Dialog(ModalScreen[None]):
    """Something over the table, with wide characters cut by its edges."""

    CSS = """
    Dialog { align: center middle; Static { width: 31; height: 7; border: round $primary; background: $surface; } }
    """
    BINDINGS: ClassVar[list[BindingType]] = [("escape,m", "dismiss")]

    def compose(self) -> ComposeResult:
        yield Static("日本語 dialog\n[b]bold[/b] [reverse]reverse[/reverse]\n[u]under[/u] [i]italic[/i]")


class DemoApp(AckPacing, DiffOutput, App[None]):
    """A table beside a label, a dialog, a filter, sorting."""

    CSS = """
    #side { width: 9; background: $panel; } LiveTable { width: 1fr; }
    #foot { height: 1; width: 100%; background: $boost; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "quit"),
        ("m", "dialog"),
        ("f", "filter"),
        ("s", "sort"),
        ("r", "reload"),
        ("x", "side"),
        ("!", "break"),
    ]

    def __init__(self, rows: int, storm: int, mode: str) -> None:
        super().__init__()
        self.draw = random.Random(7)
        self.count, self.storm, self.mode = rows, storm, mode
        self.is_filtered = False
        self.keys_seen = 0

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("side\nbar\n日本\n", id="side")
            yield LiveTable(columns(), id="table")
        yield Label("foot ready", id="foot")

    def on_mount(self) -> None:
        self.table = self.query_one(LiveTable)
        self.table.focus()
        self.table.apply(RowBatch(rows={str(number): make_row(number, self.draw) for number in range(self.count)}))
        if self.mode == "resort":
            self.table.set_sort("restarts", True)
        if self.storm:
            self.set_interval(0.05, self.change)

    def change(self) -> None:
        among = 60 if self.mode == "hot" else self.count
        numbers = {self.draw.randrange(among) for _ in range(self.storm // 20)}
        self.table.apply(RowBatch(rows={str(number): make_row(number, self.draw) for number in numbers}))

    def action_dialog(self) -> None:
        self.push_screen(Dialog())

    def action_filter(self) -> None:
        self.is_filtered = not self.is_filtered
        self.table.set_filter((lambda row: "ratings" in row.name) if self.is_filtered else None)

    def action_sort(self) -> None:
        self.table.set_sort("restarts", not self.table.sort[1])

    def action_reload(self) -> None:
        self.change()

    def action_side(self) -> None:
        side = self.query_one("#side")
        side.display = not side.display

    def action_break(self) -> None:
        """Make writing changed cells fail, to see that the stock output takes over."""
        assert self._cell_maker is not None
        self._cell_maker.cells = None  # type: ignore[assignment, method-assign]
        self.refresh()

    def on_key(self, event: Any) -> None:
        self.keys_seen += 1
        self.query_one("#foot", Label).update(f"foot {self.keys_seen} {event.key!s}", layout=False)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--storm", type=int, default=0)
    parser.add_argument("--mode", choices=("uniform", "hot", "resort"), default="uniform")
    options = parser.parse_args(argv)
    DemoApp(options.rows, options.storm or 0, options.mode).run()


if __name__ == "__main__":
    main(sys.argv[1:])
