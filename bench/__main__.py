"""Run the measurements named on the command line, or all: `python -m bench [loading] [storm] [start] [logs] [jobs]`."""

from __future__ import annotations

import compileall
import importlib
import sys
import tempfile
from pathlib import Path

from bench.report import print_results

MEASUREMENTS = {
    "loading": "Loading 10,000 pods",
    "storm": "Three stamps of 10,000 pods under 1,000 changes a second",
    "start": "Start-up",
    "logs": "Log view at 10,000 lines a second",
    "jobs": "Jobs on a helper VM, over a real sshd on loopback",
}

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Measure and print; an aim that is missed is shown, not an error."""
    chosen = sys.argv[1:] or list(MEASUREMENTS)
    if unknown := [name for name in chosen if name not in MEASUREMENTS]:
        sys.exit(f"no measurement named {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    for package in ("backends", "screens", "console"):
        # As an installer does: an environment that writes no bytecode would have every start compile everything.
        compileall.compile_dir(ROOT / package, quiet=1)
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            print_results(MEASUREMENTS[name], importlib.import_module(f"bench.{name}").measure(Path(folder)))


if __name__ == "__main__":
    main()
