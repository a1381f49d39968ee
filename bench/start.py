"""From the start of the process to the first paint, beside a minimal Textual application.

Both run from bytecode, as after any installation: a first run of each, not counted, writes what is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.processes import api_servers, console
from bench.report import Result, against, middle
from tests.support.pty_terminal import PtyTerminal

RUNS = 9
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self):
        yield Static("first paint")
Minimal().run()
"""


def measure(folder: Path) -> list[Result]:
    """Return the first paint of both, taken in turns so that the machine's mood is shared."""
    minimal = folder / "minimal.py"
    minimal.write_text(MINIMAL)
    ours, peers = [], []
    environ = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    with api_servers(folder, count=2, pods=10, rate=0) as fleet:
        for number in range(RUNS + 1):
            peer = _first_paint([sys.executable, str(minimal)], "first paint", environ)
            own = _first_paint(console(fleet), "stampdeck", environ)
            if number:
                peers.append(peer)
                ours.append(own)
    return [
        against("start to first paint", middle(ours) * 1e3, middle(peers) * 1e3, "ms", 1.25, "minimal Textual app"),
        against("the same, fastest of each", min(ours) * 1e3, min(peers) * 1e3, "ms", None, "minimal Textual app"),
    ]


def _first_paint(argv: list[str], text: str, environ: dict[str, str]) -> float:
    with PtyTerminal(argv, 160, 50, env=environ) as terminal:
        return terminal.wait_for(text, timeout=20) - terminal.started_at
