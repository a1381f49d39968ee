"""`stampdeck upgrade run`, `scale plan|run`, `deploy`, `addpool`, `rotate-certs`, `get-logs`: runs of aks-engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade
from console.commands.do_following import Interruption
from console.commands.do_running import Asked, action_options, run_action
from console.commands.drawing import complain
from console.commands.shell import Shell, pass_shell

if TYPE_CHECKING:
    from backends.operations.work import Work
    from console.wiring import Services


class Leaving(Interruption):
    """A signal ends the watching, never the run: that goes on where it is."""

    def __call__(self, number: int) -> bool:
        """Say how to find the run again; the command ends."""
        if self.run is not None and not self.run.status.value.state.is_over:
            change = self.run.change
            job = change.parameters.get("job", "")
            complain(f"the run goes on: stampdeck jobs watch --stamp {change.stamp} {job}")
        return False


def run_engine(shell: Shell, asked: Asked, command: EngineCommand) -> int:
    """Plan a run, and with `--write` start it and follow it to its end."""

    async def plan(services: Services, stamp: str) -> Work:
        return await services.engine.plan(stamp, command)

    return run_action(shell, asked, plan, Leaving())


@click.command("run")
@click.option("--to", "version", required=True, metavar="VERSION", help="Kubernetes version, such as 1.34.4.")
@click.option("--force", is_flag=True, help="Also nodes that have it already: a new base image. Cannot be resumed.")
@click.option("--control-plane-only", is_flag=True, help="Only the masters.")
@action_options
@pass_shell
def upgrade_run(shell: Shell, version: str, force: bool, control_plane_only: bool, asked: Asked) -> int:
    """Bring a stamp's cluster to another Kubernetes version, and follow that to its end.

    Without --write only the plan and the preflight are shown. A run outlives this command and its connection:
    `stampdeck jobs watch` finds it again.
    """
    return run_engine(shell, asked, Upgrade(version.lstrip("v"), force, control_plane_only))


@click.group()
def scale() -> None:
    """Bring a pool of a stamp's cluster to another number of nodes."""


def _pool_options(command: Any) -> Any:
    decorated = action_options(pass_shell(command))
    decorated = click.option("--count", type=click.IntRange(1, 100), required=True, help="Nodes there shall be.")(
        decorated
    )
    return click.option("--pool", required=True, metavar="NAME", help="Agent pool, as the api model names it.")(
        decorated
    )


@scale.command("plan")
@_pool_options
def scale_plan(shell: Shell, pool: str, count: int, asked: Asked) -> int:
    """Show what a run would do and what speaks against it; nothing is done."""
    return run_engine(shell, replace(asked, write=replace(asked.write, armed=False)), Scale(pool, count))


@scale.command("run")
@_pool_options
def scale_run(shell: Shell, pool: str, count: int, asked: Asked) -> int:
    """Scale a pool and follow that until its nodes are ready."""
    return run_engine(shell, asked, Scale(pool, count))


@click.command()
@click.argument("model")
@click.argument("folder", metavar="OUTPUT")
@action_options
@pass_shell
def deploy(shell: Shell, model: str, folder: str, asked: Asked) -> int:
    """Make a cluster of the api model file MODEL; the finished one is written into OUTPUT. Paths are the VM's."""
    return run_engine(shell, asked, Deploy(model, folder))


@click.command()
@click.argument("profile")
@action_options
@pass_shell
def addpool(shell: Shell, profile: str, asked: Asked) -> int:
    """Add the pool that the file PROFILE of the helper VM describes."""
    return run_engine(shell, asked, AddPool(profile))


_ssh_host = click.option("--ssh-host", required=True, metavar="HOST", help="Name by which the VM reaches a master.")
_ssh_key = click.option("--ssh-key", required=True, metavar="FILE", help="Private key of the nodes, a path of the VM.")


@click.command("rotate-certs")
@_ssh_host
@_ssh_key
@action_options
@pass_shell
def rotate_certs(shell: Shell, ssh_host: str, ssh_key: str, asked: Asked) -> int:
    """Make new certificates for a stamp's cluster; its API is away meanwhile."""
    return run_engine(shell, asked, RotateCerts(ssh_host, ssh_key))


@click.command("get-logs")
@_ssh_host
@_ssh_key
@click.option("--machine", "machines", metavar="NAME", multiple=True, help="Only of this machine (repeatable).")
@click.option("--control-plane-only", is_flag=True, help="Only of the masters.")
@action_options
@pass_shell
def get_logs(
    shell: Shell, ssh_host: str, ssh_key: str, machines: tuple[str, ...], control_plane_only: bool, asked: Asked
) -> int:
    """Collect the logs of a cluster's machines into a folder beside its api model, on the helper VM."""
    return run_engine(shell, asked, GetLogs(ssh_host, ssh_key, machines, control_plane_only))
