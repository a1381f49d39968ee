"""`stampdeck` itself: global options, and which module each command lives in."""

from __future__ import annotations

from collections.abc import Sequence


def run_root(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    raise NotImplementedError(argv)
