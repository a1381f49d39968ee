"""`stampdeck lab`: simulated stamps on loopback in the foreground, and breaking them from another terminal."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backends.errors import StampdeckError, UsageError
from console.commands.drawing import emit, emit_document, table
from console.commands.exits import ExitCode
from console.commands.shell import Command, Duration, output_option
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.lab.control import FaultInForce
    from backends.lab.runner import LabOptions, RunningLab

LAB_VARIABLE = "STAMPDECK_LAB"


def directory_option(command: Command) -> Command:
    """`--dir DIR`, also taken from the environment variable STAMPDECK_LAB."""
    return click.option(
        "--dir",
        "directory",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=LAB_VARIABLE,
        show_envvar=True,
        help="The lab's folder.",
    )(command)


@click.group(invoke_without_command=True)
@directory_option
@click.option(
    "--speed", type=click.FloatRange(0, 1000, min_open=True), default=1.0, help="Simulated seconds per second."
)
@click.option("--seed", type=int, default=1, help="The same seed gives the same names.")
@click.option("--stamps", type=click.IntRange(1, 26), default=2, show_default=True, help="How many stamps.")
@click.option("--nodes", type=click.IntRange(1), default=None, help="Nodes per stamp, masters included.")
@click.option("--pods", type=click.IntRange(1), default=None, help="Pods per stamp, at least.")
@click.option("--kubernetes-version", "version", default=None, metavar="VERSION", help="Such as v1.20.2.")
@click.option("--parent", type=int, default=None, hidden=True, help="End when this process is gone.")
@click.option("--throw-away", is_flag=True, hidden=True, help="Remove the folder at the end.")
@click.pass_context
def lab(ctx: click.Context, /, directory: Path | None, parent: int | None, throw_away: bool, **options: Any) -> int:
    """Run simulated stamps on loopback until stopped, or speak to a running lab.

    Writes DIR/fleet.yaml for `stampdeck --config DIR/fleet.yaml`, and DIR/lab.json once everything answers.
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = directory
        return ExitCode.WELL
    from backends.lab.runner import LabOptions

    throw_away = throw_away or directory is None
    if throw_away and directory is not None and _holds_more_than_logs(directory):
        raise UsageError(f"{directory} is in use, so it is not thrown away", todo="name a new folder")
    chosen = directory or Path(tempfile.mkdtemp(prefix="stampdeck-lab-"))
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return run_until_signal(_run(LabOptions(directory=chosen.absolute(), **given), parent), endless=True)
    finally:
        if throw_away:
            shutil.rmtree(chosen, ignore_errors=True)


def _holds_more_than_logs(folder: Path) -> bool:
    """Whether removing the folder at the end would remove what the lab did not put there (a demo logs into it)."""
    return folder.is_dir() and any(entry.suffix != ".log" for entry in folder.iterdir())


async def _run(options: LabOptions, parent: int | None) -> int:
    import asyncio

    from backends.lab.runner import run_lab

    try:
        running = asyncio.create_task(run_lab(options, announce), name="lab")
        if parent is None:
            await running
        else:
            orphaned = asyncio.create_task(_until_orphaned(parent), name="parent")
            await asyncio.wait({running, orphaned}, return_when=asyncio.FIRST_COMPLETED)
            orphaned.cancel()
            if running.done():
                running.result()
    except OSError as error:
        raise StampdeckError(f"the lab in {options.directory} cannot run", why=error.strerror or str(error)) from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return ExitCode.WELL


async def _until_orphaned(parent: int) -> None:
    """Return when the process that started us is gone, however it ended: its signals do not reach us then."""
    import asyncio

    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel sends no event for it
        await asyncio.sleep(0.5)


def announce(running: RunningLab) -> None:
    """Say what answers where, and what to try next."""
    emit(
        f"lab of {', '.join(running.stamps)} is running in {running.directory}",
        *(f"  {name:<24} {url}" for name, url in running.addresses.items()),
        f"console:  stampdeck --config {running.config}",
        f"log in:   ssh -F {running.directory}/ssh/config {running.stamps[0]}",
        f"break it: stampdeck lab fault --dir {running.directory} {running.stamps[0]} api-down --for 1m",
        "stop it:  Ctrl-C",
    )


@lab.command()
@directory_option
@click.argument("stamp")
@click.argument("fault", metavar="FAULT[=VALUE]")
@click.option("--for", "for_s", type=Duration(), default=None, help="Ends by itself after this: 30s, 5m.")
@click.pass_context
def fault(ctx: click.Context, /, directory: Path | None, stamp: str, fault: str, for_s: float | None) -> int:
    """Break something on STAMP (or `all`); `lab faults` lists what."""
    control = _control(ctx, directory)
    return _ask(_show(control.fault(stamp, fault, for_s), "nothing changed"))


@lab.command()
@directory_option
@click.argument("stamp", default="all")
@click.argument("fault", required=False)
@click.pass_context
def clear(ctx: click.Context, /, directory: Path | None, stamp: str, fault: str | None) -> int:
    """End one fault, or all faults, of STAMP or of all stamps."""
    control = _control(ctx, directory)
    return _ask(_show(control.clear(stamp, fault), "no fault was in force"))


@lab.command()
@directory_option
@output_option("table", "json")
@click.pass_context
def status(ctx: click.Context, /, directory: Path | None, output: str) -> int:
    """Say what a running lab is doing, and which faults are in force."""
    return _ask(_status(_control(ctx, directory), output))


@lab.command()
def faults() -> int:
    """List the faults there are and what they mean."""
    from backends.lab.faults import FAULTS

    emit(*table(("FAULT", "MEANING", "VALUE"), [(kind.name, kind.meaning, kind.argument) for kind in FAULTS.values()]))
    return ExitCode.WELL


def _control(ctx: click.Context, directory: Path | None) -> Any:
    from backends.lab.control import LabControl
    from console.lab_control import lab_refusals

    chosen = directory or ctx.obj
    if chosen is None:
        raise UsageError("which lab is meant", todo=f"add --dir DIR, or set {LAB_VARIABLE}")
    with lab_refusals():
        return LabControl.read(Path(chosen))


def _ask(question: Coroutine[Any, Any, int]) -> int:
    from console.lab_control import lab_refusals

    with lab_refusals():
        return run_until_signal(question)


async def _show(question: Coroutine[Any, Any, tuple[FaultInForce, ...]], nothing: str) -> int:
    found = await question
    emit(*(_fault_line(each) for each in found) if found else (nothing,))
    return ExitCode.WELL


async def _status(control: Any, output: str) -> int:
    found = await control.status()
    if output == "json":
        import dataclasses

        emit_document(dataclasses.asdict(found), "json")
        return ExitCode.WELL
    emit(f"{', '.join(found.stamps)}: running for {found.uptime_s:.0f} s at speed {found.speed:g}, seed {found.seed}")
    rows = [(stamp, resource, count) for stamp, counts in found.counts.items() for resource, count in counts.items()]
    emit(*table(("STAMP", "RESOURCE", "OBJECTS"), rows))
    emit(*(_fault_line(each) for each in found.faults) if found.faults else ("no faults in force",))
    return ExitCode.WELL


def _fault_line(each: FaultInForce) -> str:
    value = f"={each.argument}" if each.argument else ""
    left = "until cleared" if each.left_s is None else f"for {each.left_s:.0f} s more"
    return f"{each.stamp}: {each.name}{value} {left}"
