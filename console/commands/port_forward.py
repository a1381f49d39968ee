"""`stampdeck port-forward`: ports of this machine that lead to pods, until it is stopped."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from backends.errors import UsageError
from backends.model.forward import read_ports
from console.commands.do_running import one_stamp
from console.commands.do_target import ObjectName
from console.commands.drawing import complain
from console.commands.namespaces import namespace_option
from console.commands.shell import Shell, complete_stamps, pass_shell
from console.commands.signals import run_until_signal

if TYPE_CHECKING:
    from console.wiring import Services


@click.command(name="port-forward", epilog="Exit codes: 0 stopped by ctrl-c; 1 it could not be begun; 2 usage.")
@click.argument("target", metavar="TARGET")
@click.argument("ports", nargs=-1, required=True, metavar="[LOCAL:]REMOTE…")
@click.option("--stamp", "stamps", metavar="NAME", multiple=True, shell_complete=complete_stamps, help="On this stamp.")
@namespace_option
@pass_shell
def port_forward(
    shell: Shell, target: str, ports: tuple[str, ...], stamps: tuple[str, ...], namespace: str | None
) -> int:
    """Lead ports of this machine to TARGET: pod/NAME, deployment/NAME, service/NAME, or a pod's name.

    8080:80 leads 127.0.0.1:8080 to port 80, :80 any free port. When the pod is replaced, new connections go to the
    next one. What happens is said on stderr. Nothing in the cluster changes, so that --write is not needed; both
    ends go to the audit log.
    """
    try:
        pairs = [read_ports(each) for each in ports]
    except ValueError as error:
        raise UsageError(str(error)) from None
    return run_until_signal(_run(shell, one_stamp(shell, stamps), target, namespace, pairs), endless=True)


async def _run(shell: Shell, stamp: str, target: str, namespace: str | None, pairs: list[tuple[int, str]]) -> int:
    from console.wiring import open_services

    async with open_services(shell.settings, stamps=(stamp,), follow_fleet=False) as services:
        _, _, place = ObjectName("", target, namespace).on(services, stamp)
        for local_port, port in pairs:
            await services.forwards.start(stamp, target, place, port, local_port)
        await _tell(services)
    return 0


async def _tell(services: Services) -> None:
    """Say what happens to the ports, until cancelled."""
    async for batch in services.forwards.lines.follow():
        for each in batch.items:
            complain(f"{time.strftime('%H:%M:%S', time.localtime(each.at))} {each.address}: {each.text}")
