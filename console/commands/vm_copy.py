"""`stampdeck vm get` and `vm put`: files taken from a helper VM and brought there, whole and proved, or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backends.errors import UsageError
from backends.model import inert
from console.commands.do_running import Asked, action_options, one_stamp, run_action
from console.commands.drawing import emit
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, pass_shell
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.operations.work import Work
    from console.wiring import Services


@click.command()
@click.argument("remote", metavar="REMOTE")
@click.argument("local", metavar="[LOCAL]", required=False, type=click.Path(path_type=Path))
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="From this one.")
@click.option("--force", is_flag=True, help="Replace LOCAL if it is there.")
@pass_shell
def get(shell: Shell, remote: str, local: Path | None, stamps: tuple[str, ...], force: bool) -> int:
    """Copy the file REMOTE of a helper VM to LOCAL, by default its name here; only its owner can read it (0600).

    Its SHA-256 is compared with the one on the VM: a file that is being written to is not taken.
    """
    return run_until_signal(_get(shell, one_stamp(shell, stamps), remote, local, force))


async def _get(shell: Shell, stamp: str, remote: str, local: Path | None, force: bool) -> int:
    from console.wiring import open_services

    target = _target(remote, local, force)
    async with open_services(shell.settings, stamps=(stamp,), follow_fleet=False) as services:
        if stamp not in services.helper_vms:
            raise UsageError("it has no helper VM", todo="add helper_vm to this stamp in fleet.yaml", stamp=stamp)
        meter = Meter(target.name)
        try:
            await services.vm_files[stamp].get(remote, target, meter)
        finally:
            meter.end()
    digest, size = await asyncio.to_thread(_measured, target)
    emit(inert.line(f"{target}: {size} bytes, SHA-256 {digest}, the same on the helper VM"))
    return ExitCode.WELL


def _target(remote: str, local: Path | None, force: bool) -> Path:
    """Return the file to write; UsageError when it is there already, or when no name can be made of REMOTE."""
    name = remote.rpartition("/")[2]
    if local is None or local.is_dir():
        if not name or name != inert.name(name) or name in (".", "..", "~"):
            raise UsageError(f"no name for {inert.name(remote)} here", todo="give LOCAL too")
        local = (local or Path()) / name
    if local.exists() and not local.is_file():
        raise UsageError(f"{local} is no file", todo="give another LOCAL: what is there is not replaced")
    if local.exists() and not force:
        raise UsageError(f"{local} is there already", todo="give another LOCAL, or --force")
    return local


@click.command()
@click.argument("local", metavar="LOCAL", type=click.Path(path_type=Path))
@click.argument("remote", metavar="REMOTE")
@action_options
@pass_shell
def put(shell: Shell, local: Path, remote: str, asked: Asked) -> int:
    """Copy the file LOCAL to REMOTE on a stamp's helper VM, where only its owner can read it (0600).

    Without --write the plan is shown. A REMOTE that ends in / is a folder. It takes its name there when its SHA-256
    is proved, or not at all.
    """

    async def plan(services: Services, stamp: str) -> Work:
        return await services.vm_file_works.plan_put(stamp, local, remote)

    return run_action(shell, asked, plan)


class Meter:
    """Tells on stderr how far a copy is: one line that is drawn again, and nothing where no person looks."""

    def __init__(self, name: str) -> None:
        self._name = inert.name(name)
        self._shown = ""

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        text = f"{self._name}: {percent} % of {max(1, total // 1024)} KiB"
        if text != self._shown and sys.stderr.isatty():
            self._shown = text
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._shown:
            sys.stderr.write("\n")


def _measured(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
