"""A log view alone under load, in a terminal: `python -m bench.log_app VIEW LINES_PER_SECOND SECONDS FILE`.

VIEW is `ours` or `textual` (its RichLog). Writes what it measured inside to FILE as JSON when its time is over.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import RichLog

from backends.model.logs import LogLine
from screens.output.ack_pacing import AckPacing
from screens.output.diff_output import DiffOutput
from screens.widgets.log_view import LogView

KEPT = 100_000
FEED_S = 0.05


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
        result["filter_s"] = self._filter_s()
        self._report.write_text(json.dumps(result))
        self.exit()

    def _write(self, lines: list[LogLine]) -> None:
        if isinstance(self._view, LogView):
            self._view.append(lines)
        else:
            for line in lines:
                self._view.write(line.text)

    def _filter_s(self) -> float | None:
        """Return how long the loop is held by choosing a tenth of 100,000 lines."""
        if not isinstance(self._view, LogView):
            return None
        from screens.widgets.log_buffer import LogBuffer
        from screens.widgets.log_matching import LineFilter

        buffer = LogBuffer(KEPT)
        buffer.append(_lines(0, KEPT))
        return _timed(lambda: buffer.set_filter(LineFilter.parse("items/7")))


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


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
