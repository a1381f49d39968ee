"""The log view under 10,000 lines a second, beside Textual's RichLog under the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.report import Result, against, middle, within
from tests.support.pty_terminal import PtyTerminal

RATE = 10_000
LASTS_S = 8.0
RUNS = 3


def measure(folder: Path) -> list[Result]:
    """Return processor share, the longest stall and the time of a filter; the feed itself is part of the load."""
    ours = [_run(folder, "ours") for _ in range(RUNS)]
    peer = _run(folder, "textual")
    core = middle(each["core"] for each in ours) * 100
    stall = middle(each["stall_s"] for each in ours) * 1e3
    return [
        within(f"{RATE:,} lines/s: processor, share of a core", core, "%", 15),
        against("the same", core, peer["core"] * 100, "%", None, "RichLog"),
        within("longest stall of the loop", stall, "ms", 50),
        against("the same", stall, peer["stall_s"] * 1e3, "ms", None, "RichLog"),
        within("filter of 100,000 lines by a text", middle(each["filter_s"] for each in ours) * 1e3, "ms", 50),
        within("by an expression all match", middle(each["filter_all_s"] for each in ours) * 1e3, "ms", 50),
        within("the same: the loop is held", middle(each["filter_held_s"] for each in ours) * 1e3, "ms", 25),
    ]


def _run(folder: Path, view: str) -> dict[str, Any]:
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.log_app", view, str(RATE), str(LASTS_S), str(report)]
    with PtyTerminal(command, 160, 50) as terminal:
        terminal.wait_exit(LASTS_S * 10)
    found: dict[str, Any] = json.loads(report.read_text())
    return found
