"""The command line: one module per command, imported only when that command runs."""

from __future__ import annotations

from collections.abc import Sequence


def run(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 well, 1 error, 2 usage, 3 something degraded."""
    from console.commands.exits import guard

    return guard(lambda: _run(argv))


def _run(argv: Sequence[str]) -> int:
    from console.commands.opening import open_console, plain_options, take_effect

    if (options := plain_options(argv)) is not None:
        return open_console(take_effect(options))
    from console.commands.root import run_root

    return run_root(argv)
