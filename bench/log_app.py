"""A log view alone under load, in a terminal: `python -m bench.log_app VIEW LINES_PER_SECOND SECONDS FILE`.

VIEW is `ours` or `textual` (its RichLog). Writes what it measured inside to FILE as JSON when its time is over.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import RichLog

from backends.model.logs import LogLine
from screens.output.ack_pacing import AckPacing
from screens.output.diff_output import DiffOutput
from screens.widgets.log_view import LogView

KEPT = 100_000
FEED_S = 0.05
SOME, ALL = "items/7", r"items/\d"
"""A text that a tenth of the lines have, and an expression that all of them match."""


class LogApp(AckPacing, DiffOutput, App[None]):
    """Feeds the view at a steady rate and keeps the longest time the loop did not run."""

    def __init__(self, view: str, rate: int, lasts_s: float, report: Path) -> None:
        super().__init__()
        self._view: LogView | RichLog = LogView() if view == "ours" else RichLog(max_lines=KEPT)
        self._rate, self._lasts_s, self._report = rate, lasts_s, report

    def compose(self) -> ComposeResult:
        yield self._view

    def on_mount(self) -> None:
        self.run_worker(self._feed())

    async def _feed(self) -> None:
        started = last = time.monotonic()
        cpu = time.process_time()
        written, stall = 0, 0.0
        while (now := time.monotonic()) - started < self._lasts_s:
            stall, last = max(stall, now - last - FEED_S), now
            due = int((now - started) * self._rate)
            self._write(_lines(written, due))
            written = due
            await asyncio.sleep(FEED_S)
        took = time.monotonic() - started
        result: dict[str, float | None] = {
            "core": (time.process_time() - cpu) / took,
            "stall_s": stall,
            "lines": written,
        }
        if isinstance(self._view, LogView):
            result["filter_s"], _ = await self._filter_s(SOME)
            result["filter_all_s"], result["filter_held_s"] = await self._filter_s(ALL)
        self._report.write_text(json.dumps(result))
        self.exit()

    def _write(self, lines: list[LogLine]) -> None:
        if isinstance(self._view, LogView):
            self._view.append(lines)
        else:
            for line in lines:
                self._view.write(line.text)

    async def _filter_s(self, text: str) -> tuple[float, float]:
        """Return after how long a filter of 100,000 lines is in force, and the longest it held the loop meanwhile."""
        view = self._view
        assert isinstance(view, LogView)
        view.set_filter("")
        view.clear()
        view.append(_lines(0, KEPT))
        while view.is_busy:
            await asyncio.sleep(0.01)
        started = held_from = time.perf_counter()
        view.set_filter(text)
        held = 0.0
        while True:
            held, held_from = max(held, time.perf_counter() - held_from), time.perf_counter()
            if not view.is_selecting:
                return time.perf_counter() - started, held
            await asyncio.sleep(0)


def _lines(first: int, end: int) -> list[LogLine]:
    return [
        LogLine(
            at=1.8e9 + number / 1e4,
            stamp=("orlando", "seattle")[number % 2],
            namespace="default",
            pod=f"ratings-web-5b7dfc8797-{number % 6}",
            container="ratings-web",
            text=f"GET /api/items/{number % 10} 200 {number % 97}.{number % 7} ms - {number}",
            timestamp="2026-11-23T10:00:00.000000000Z",
        )
        for number in range(first, end)
    ]


def main() -> None:
    """Read the arguments and run."""
    view, rate, lasts_s, report = sys.argv[1:]
    gc.set_threshold(50_000, 20, 100)  # as the console does
    LogApp(view, int(rate), float(lasts_s), Path(report)).run()


if __name__ == "__main__":
    main()
