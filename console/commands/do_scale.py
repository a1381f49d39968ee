"""`stampdeck do scale`: another number of replicas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from console.commands.do_running import Asked, action_options, run_action
from console.commands.do_target import read_name, workload_argument
from console.commands.shell import Shell, pass_shell

if TYPE_CHECKING:
    from backends.operations.work import Work
    from console.wiring import Services


@click.command()
@workload_argument
@click.option("--replicas", type=click.IntRange(min=0), required=True, metavar="N", help="How many there shall be.")
@action_options
@pass_shell
def scale(shell: Shell, kind_name: str, namespace: str | None, replicas: int, asked: Asked) -> int:
    """Set the number of replicas of KIND/NAME: a deployment, stateful set, replica set, or what else scales."""
    target = read_name(kind_name, namespace)

    async def plan(services: Services, stamp: str) -> Work:
        from backends.operations.workload_works.scale import ScaleWork

        kind, name, place = target.on(services, stamp)
        return await ScaleWork.plan(services.everywhere[stamp], kind, name, place, replicas)

    return run_action(shell, asked, plan)
