"""`python -m console`, and the `stampdeck` command."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run the command line and return the exit code."""
    # Almost all that is made while modules load stays: looking through it again and again costs 30 ms of a start.
    gc.set_threshold(50_000, 20, 100)
    from console.commands import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
