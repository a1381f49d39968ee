"""`stampdeck doctor`: every source of every stamp, asked once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from console.commands.drawing import cell_text, emit, emit_document, toned, width
from console.commands.exits import ExitCode
from console.commands.shell import Shell, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.operations.doctor import Check

_SOURCE_WIDTH = len("horizontalpodautoscalers")
"""The longest there is: lines are printed as checks end, so the column cannot wait for all of them."""
_TONES = {"ok": "good", "warn": "warn", "fail": "bad", "off": "dim"}


@click.command()
@stamp_option
@output_option("table", "json", "yaml")
@pass_shell
def doctor(shell: Shell, stamps: tuple[str, ...], output: str) -> int:
    """Check each source of each stamp: reachable, trusted, allowed — and if not, why, and what to do.

    Exit code 0 when every check passes, 3 when one warns or fails, 2 when the configuration cannot be used.
    """
    return run_until_signal(_run(shell, shell.choose(stamps), output))


async def _run(shell: Shell, stamps: tuple[str, ...], output: str) -> int:
    from console.wiring import open_services

    checks = configuration_checks(shell, stamps)
    async with open_services(shell.settings, stamps=stamps, follow_fleet=False) as services:
        wide = max(width(name) for name in (*stamps, "fleet"))
        if output == "table":
            emit(*(line for check in checks for line in check_lines(check, wide)))
        async for check in services.doctor.examine(stamps):
            checks.append(check)
            if output == "table":
                emit(*check_lines(check, wide))
    bad = [check for check in checks if check.outcome in ("warn", "fail")]
    if output == "table":
        failed = sum(check.outcome == "fail" for check in bad)
        emit(f"{len(checks)} checks: {len(checks) - len(bad)} well, {len(bad) - failed} warned, {failed} failed")
    else:
        emit_document({"checks": [_plain(check) for check in checks]}, output)
    return ExitCode.DEGRADED if bad else ExitCode.WELL


def configuration_checks(shell: Shell, stamps: tuple[str, ...]) -> list[Check]:
    """Return what is valid in the configuration of the chosen stamps and still risky, as checks."""
    from backends.operations.doctor import Check, Outcome
    from console.configuration.checks import warnings_of
    from console.configuration.load import parse
    from console.configuration.reading import read_text

    began_s = time.monotonic()
    file = shell.settings.file
    fleet, located = parse(read_text(file), file)
    names = [stamp.name for stamp in fleet.stamps]
    found: dict[str, list[Check]] = {name: [] for name in ("", *stamps)}
    for warning in warnings_of(fleet, located, file):
        number = warning.key.removeprefix("stamps[").partition("]")[0]
        stamp = names[int(number)] if number.isdigit() else ""
        what = f"{file.name}:{warning.line} {warning.key}".rstrip()
        if stamp in found:
            found[stamp].append(Check(stamp, "configuration", Outcome.WARN, what, warning.text, warning.todo))
    elapsed_s = time.monotonic() - began_s
    for stamp in stamps:
        if not found[stamp]:
            found[stamp].append(
                Check(stamp, "configuration", Outcome.OK, "the files it names are there and private", "", "", elapsed_s)
            )
    return [check for checks in found.values() for check in checks]


def check_lines(check: Check, wide: int) -> list[str]:
    """Return the lines of one check: what, then why and what to do below it."""
    mark = toned(f"{check.outcome.value:<4}", _TONES[check.outcome.value])
    stamp = (check.stamp or "fleet").ljust(wide)
    took = f"  ({check.elapsed_s * 1000:.0f} ms)" if check.elapsed_s else ""
    source = check.source.partition(".")[0].ljust(_SOURCE_WIDTH)
    lines = [f"{mark}  {stamp}  {source}  {cell_text(check.what)}{toned(took, 'dim')}"]
    indent = " " * (wide + 8)
    if check.why:
        lines.append(f"{indent}why: {cell_text(check.why)}")
    if check.todo:
        lines.append(f"{indent}do:  {cell_text(check.todo)}")
    return lines


def _plain(check: Check) -> dict[str, Any]:
    return {
        "stamp": check.stamp or None,
        "source": check.source,
        "outcome": check.outcome.value,
        "what": check.what,
        "why": check.why,
        "todo": check.todo,
        "elapsed_s": round(check.elapsed_s, 4),
    }
