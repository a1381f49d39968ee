"""Three stamps of 10,000 pods under changes: keys, processor, memory and bytes, as at the terminal.

Keys are timed from their bytes to the bytes that draw the moved cursor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.loading import PODS, _has_count
from bench.processes import api_servers, console, seconds_behind
from bench.report import Result, against, percentile, within
from tests.support.pty_terminal import Link, PtyTerminal

STAMPS = 3
HOT = 20
"""So many pods of each stamp, all of them on the screen, take all changes of a hot storm."""
KEYS = 80
PAUSE_S = 0.12
SLOW = Link(bandwidth=60_000, rtt=0.06, buffer=1_000_000)


@dataclass(frozen=True, slots=True)
class Session:
    """What one session measured: key times in seconds, share of a core, MiB, bytes per second."""

    keys: list[float]
    core: float
    memory: float
    rate: float
    unseen: int
    behind: float
    """Seconds for which the console had not taken the changes due to it, at the end."""


def measure(folder: Path) -> list[Result]:
    """Return the results on a local terminal and on a slow link, beside Textual's own output on the same load."""
    with api_servers(folder, STAMPS, PODS, rate=1000 / STAMPS) as fleet:
        local = _session(fleet, keys=2 * KEYS)
        stock = _session(fleet, stock=True)
        slow = _session(fleet, link=SLOW)
    with api_servers(folder, STAMPS, PODS, rate=1000 / STAMPS, among=HOT) as fleet:
        hot = _session(fleet)
        slow_hot = _session(fleet, link=SLOW)
        slow_stock = _session(fleet, link=SLOW, stock=True, keys=10)  # each may wait for its whole limit
    with api_servers(folder, STAMPS, PODS, rate=10_000 / STAMPS) as fleet:
        heavy = _session(fleet, keys=30)
    with api_servers(folder, STAMPS, PODS, rate=0) as fleet:
        idle = _session(fleet, keys=0)
    limit_ms = 1.5 * SLOW.rtt * 1e3 + 50
    slow_ms, hot_ms, stock_ms = (percentile(each.keys, 0.5) * 1e3 for each in (slow, slow_hot, slow_stock))
    return [
        within("key to paint, median", percentile(local.keys, 0.5) * 1e3, "ms", 10),
        within("key to paint, 99th of a hundred", percentile(local.keys, 0.99) * 1e3, "ms", 50),
        within("processor, share of a core", local.core * 100, "%", 25),
        within("memory", local.memory, "MiB", 150),
        within("bytes to the terminal", local.rate / 1e3, "KB/s", 30),
        against("the same, beside stock output", local.rate / 1e3, stock.rate / 1e3, "KB/s", None, "stock Textual"),
        within("all changes on the screen: key to paint, median", percentile(hot.keys, 0.5) * 1e3, "ms", 10),
        within("the same, 99th of a hundred", percentile(hot.keys, 0.99) * 1e3, "ms", 50),
        within("the same: processor, share of a core", hot.core * 100, "%", 25),
        within("the same: bytes to the terminal", hot.rate / 1e3, "KB/s", 30),
        within("bytes when nothing changes", idle.rate / 1e3, "KB/s", 2),
        within("10,000 changes/s: processor", heavy.core * 100, "%", 100),
        within("10,000 changes/s: behind at the end", heavy.behind, "s", 1),
        within("10,000 changes/s: key to paint, median", percentile(heavy.keys, 0.5) * 1e3, "ms", None),
        within("60 KB/s, 60 ms link: key to seen, median", slow_ms, "ms", limit_ms),
        within("the same: keys never seen", float(slow.unseen), "", 0),
        within("the same, all changes on the screen: median", hot_ms, "ms", limit_ms),
        within("the same: keys never seen", float(slow_hot.unseen), "", 0),
        against("the same, beside stock output", hot_ms, stock_ms, "ms", None, "stock Textual"),
        within("stock output: keys never seen", float(slow_stock.unseen), "", None),
    ]


def _session(fleet: Path, *, link: Link | None = None, stock: bool = False, keys: int = KEYS) -> Session:
    with _loaded(fleet, link, stock) as terminal:
        cpu, received, started = terminal.cpu_seconds, terminal.bytes_received, time.monotonic()
        times, unseen = [], 0
        for number in range(keys):
            time.sleep(PAUSE_S)
            try:
                times.append(_press(terminal, number))
            except TimeoutError:
                unseen += 1
        time.sleep(max(0.0, 10 - (time.monotonic() - started)))
        lasted = time.monotonic() - started
        return Session(
            times,
            (terminal.cpu_seconds - cpu) / lasted,
            terminal.rss_bytes / 2**20,
            (terminal.bytes_received - received) / lasted,
            unseen,
            seconds_behind(fleet),
        )


def _press(terminal: PtyTerminal, number: int) -> float:
    """Move the cursor and time until its row is drawn as the cursor, not until anything at all arrives."""
    down = number % 20 < 10
    line = _cursor_line(terminal)
    wanted = line + (1 if down else -1)
    return terminal.measure(b"j" if down else b"k", lambda seen: _cursor_line(seen) == wanted, timeout=5)


def _cursor_line(terminal: PtyTerminal) -> int:
    """Return the line of the table's cursor: the only one drawn on a background of its own across the name column."""
    with terminal.lock:
        buffer = terminal.screen.buffer
        first = 4
        backgrounds = [buffer[line][40].bg for line in range(first, terminal.rows - 2)]
    common = max(set(backgrounds), key=backgrounds.count)
    return next((first + at for at, found in enumerate(backgrounds) if found != common), -1)


@contextmanager
def _loaded(fleet: Path, link: Link | None, stock: bool) -> Iterator[PtyTerminal]:
    environment = {"STAMPDECK_OUTPUT": "stock"} if stock else {}
    with PtyTerminal(console(fleet, "-c", "pods @all"), 160, 50, link=link, env=environment) as terminal:
        terminal.wait_for(lambda seen: _has_count(seen.display[1], PODS * STAMPS), timeout=120)
        time.sleep(2)
        yield terminal
