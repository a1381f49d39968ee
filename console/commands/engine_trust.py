"""`stampdeck vm trust`, also `engine trust`: remember a helper VM's host key, after a person has compared it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from backends.errors import Refused, UsageError
from backends.model import inert
from console.commands.chosen import has_terminal
from console.commands.do_asking import read_answer
from console.commands.do_running import one_stamp
from console.commands.drawing import emit, toned
from console.commands.exits import ExitCode
from console.commands.shell import Shell, complete_stamps, pass_shell
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from backends.model.helper_vm import HostKey


@click.command()
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="Of this stamp.")
@click.option("--node", default="", metavar="NAME", help="Of this machine behind the helper VM, as the VM names it.")
@click.option(
    "--fingerprint",
    "--key",
    "given",
    metavar="SHA256:…",
    multiple=True,
    help="A fingerprint known from elsewhere: then nobody is asked.",
)
@click.option("--yes", is_flag=True, help="Take what it shows now without comparing: only where nobody stands between.")
@pass_shell
def trust(shell: Shell, stamps: tuple[str, ...], node: str, given: tuple[str, ...], yes: bool) -> int:
    """Show the host keys of a helper VM, or of the first host on the way to it, and remember them.

    Compare them with what the machine itself says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), over its
    console or from its owner. A key that differs from a remembered one is never taken.
    """
    if yes and given:
        raise click.UsageError("--yes takes any key, --fingerprint only one: give one of them")
    return run_until_signal(_trust(shell, one_stamp(shell, stamps), node, given, yes))


async def _trust(shell: Shell, stamp: str, node: str, given: Sequence[str], yes: bool) -> int:
    from backends.operations.vm_shell import node_hop
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=(stamp,), follow_fleet=False) as services:
        vm = services.helper_vms.get(stamp)
        if vm is None:
            raise UsageError("it has no helper VM", todo="add helper_vm to this stamp in fleet.yaml", stamp=stamp)
        behind = node_hop(vm.access, node) if node else None
        shown = await vm.host_keys(behind)
        for key in shown:
            emit(inert.line(f"{key.host or stamp} shows {key}"))
        chosen: Sequence[HostKey] = shown
        if not yes:
            chosen = _matching(shown, given, stamp) if given else await _compared(shown, stamp)
        await vm.trust(chosen, services.engine.who, behind)
    emit(toned(f"remembered for {inert.name(chosen[0].host or stamp)}", "good"))
    return ExitCode.WELL


def _matching(shown: Sequence[HostKey], given: Sequence[str], stamp: str) -> list[HostKey]:
    """Return the keys whose fingerprints were given; Refused when the machine does not show one of them."""
    found = [each for each in shown if each.fingerprint in given]
    missing = set(given) - {each.fingerprint for each in found}
    if missing:
        raise Refused(
            "nothing is remembered",
            step="host-key",
            why=f"the machine does not show {', '.join(sorted(missing))}",
            todo="find out why: somebody may stand between",
            stamp=stamp,
        )
    return found


async def _compared(shown: Sequence[HostKey], stamp: str) -> Sequence[HostKey]:
    if not has_terminal():
        raise UsageError(
            "somebody has to compare the keys", todo="give --fingerprint SHA256:… of the right one", stamp=stamp
        )
    question = f"Does the machine itself say the same? Type yes to trust {inert.name(stamp)}: "
    answer = await read_answer(question)
    if answer.strip().lower() != "yes":
        raise Refused("nothing is remembered", step="host-key", why="the keys were not confirmed", stamp=stamp)
    return shown
