"""`stampdeck status`: how every stamp is, once or as it changes."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import click
from msgspec.structs import replace

from backends.model.fleet import FleetSnapshot
from console.commands.drawing import emit, emit_document, shows_colour
from console.commands.exits import ExitCode
from console.commands.shell import Duration, Shell, output_option, pass_shell, stamp_option
from console.commands.signals import run_until_signal

REDRAW_S = 1.0
"""Shortest time between two documents of --watch: ages move all the time, nobody reads faster."""


@click.command()
@stamp_option
@output_option("table", "json", "yaml")
@click.option("--once/--watch", default=True, show_default=True, help="Print once, or again with every change.")
@click.option(
    "--timeout", type=Duration(), default="10s", show_default=True, help="How long sources may take to answer."
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the json and yaml output, and nothing else.")
@pass_shell
def status(shell: Shell, stamps: tuple[str, ...], output: str, once: bool, timeout: float, schema: bool) -> int:
    """Say how every stamp is: the verdict on the service, then each stamp with its numbers and their age.

    Exit code 0 when all is well, 3 when something is degraded.
    """
    if schema:
        from console.commands.status_schema import status_schema

        emit_document(status_schema(), "json")
        return ExitCode.WELL
    names = shell.choose(stamps)
    return run_until_signal(_run(shell, names, output, once, timeout), endless=not once)


async def _run(shell: Shell, stamps: tuple[str, ...], output: str, once: bool, timeout_s: float) -> int:
    from console.commands.status_document import is_degraded
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=stamps) as services:
        snapshot = await services.fleet.settled(timeout_s)
        _print(snapshot, output, watching=not once)
        if not once:
            seen = services.fleet.state.version
            while True:
                await asyncio.sleep(REDRAW_S)
                with contextlib.suppress(TimeoutError):
                    # Ages go on even when nothing else changes: an unchanged fleet is printed every ten seconds.
                    seen = await asyncio.wait_for(services.fleet.state.changed(seen), 10 * REDRAW_S)
                snapshot = replace(services.fleet.state.value, at=time.time())
                _print(snapshot, output, watching=True)
        return ExitCode.DEGRADED if is_degraded(snapshot) else ExitCode.WELL


def _print(snapshot: FleetSnapshot, output: str, *, watching: bool) -> None:
    if output == "table":
        from console.commands.status_table import status_lines

        lines = status_lines(snapshot)
        if watching and shows_colour(sys.stdout):
            # Home, each line cleared to its end, then everything below: no flicker, nothing to restore at the end.
            emit("\x1b[H" + "\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
            return
        emit(*lines, *([""] if watching else []))
        return
    from console.commands.status_document import status_document

    emit_document(status_document(snapshot), output, compact=watching)
