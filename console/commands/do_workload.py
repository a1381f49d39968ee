"""`stampdeck do restart|set-image|pause|resume|rollback|autoscale`: what can be done to workloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from console.commands.do_running import Asked, action_options, run_action
from console.commands.do_staged import run_staged, soak_option
from console.commands.do_target import read_name, workload_argument
from console.commands.shell import Shell, pass_shell

if TYPE_CHECKING:
    from backends.operations.planner import Planner
    from backends.operations.work import Work
    from console.wiring import Services

PlanNamed = Callable[["Planner", str, str, str, str], Awaitable["Work"]]
"""Makes the work from stamp, kind, name and namespace."""


def of_workload(command: Any) -> Any:
    """Give a command its workload, what every action has, and the soak between stamps."""
    return workload_argument(soak_option(action_options(pass_shell(command))))


def run_named(shell: Shell, kind_name: str, namespace: str | None, asked: Asked, soak: float, plan: PlanNamed) -> int:
    """Do it to the named object on the stamp, or the stamps in turn."""
    target = read_name(kind_name, namespace)

    async def plan_one(services: Services, stamp: str) -> Work:
        return await plan(services.planner, stamp, *target.on(services, stamp))

    if len(asked.stamps) > 1:
        return run_staged(shell, asked, shell.choose(asked.stamps), plan_one, soak)
    return run_action(shell, asked, plan_one)


@click.command()
@of_workload
def restart(shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked) -> int:
    """Replace every pod of KIND/NAME, as an update does, and follow that to its end."""
    return run_named(shell, kind_name, namespace, asked, soak, lambda planner, *named: planner.restart(*named))


@click.command("set-image")
@of_workload
@click.argument("images", metavar="CONTAINER=IMAGE...", nargs=-1, required=True)
def set_image(
    shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked, images: tuple[str, ...]
) -> int:
    """Run other images in the containers of KIND/NAME, and follow the rollout to its end."""
    pairs = [each.partition("=") for each in images]
    if not all(name and equals and image for name, equals, image in pairs):
        raise click.BadParameter("write CONTAINER=IMAGE, such as web=registry/ratings-web:v2")
    wanted = {name: image for name, _, image in pairs}
    return run_named(shell, kind_name, namespace, asked, soak, lambda p, *named: p.set_images(*named, wanted))


@click.command()
@of_workload
def pause(shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked) -> int:
    """Roll out nothing of deployment KIND/NAME until it is resumed."""
    return run_named(shell, kind_name, namespace, asked, soak, lambda planner, *named: planner.pause(*named))


@click.command()
@of_workload
def resume(shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked) -> int:
    """Roll out what was changed of deployment KIND/NAME while it was paused."""
    return run_named(shell, kind_name, namespace, asked, soak, lambda planner, *named: planner.resume(*named))


@click.command()
@of_workload
@click.option(
    "--to-revision", type=click.IntRange(min=0), default=0, metavar="N", help="0: the one before the present."
)
def rollback(shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked, to_revision: int) -> int:
    """Give KIND/NAME back what it was at a revision that is kept, and follow the rollout to its end."""
    return run_named(shell, kind_name, namespace, asked, soak, lambda p, *named: p.rollback(*named, to_revision))


@click.command()
@of_workload
@click.option("--min", "least", type=click.IntRange(min=1), default=1, show_default=True, help="Never fewer replicas.")
@click.option("--max", "most", type=click.IntRange(min=1), required=True, help="Never more replicas.")
@click.option(
    "--cpu-percent", type=click.IntRange(1, 1000), default=80, show_default=True, help="Of what is requested."
)
def autoscale(
    shell: Shell,
    kind_name: str,
    namespace: str | None,
    soak: float,
    asked: Asked,
    least: int,
    most: int,
    cpu_percent: int,
) -> int:
    """Let the cluster keep the replicas of KIND/NAME by CPU: makes a HorizontalPodAutoscaler, or changes it."""
    from backends.operations.workload_works.autoscale import Limits

    limits = Limits(least, most, cpu_percent)
    return run_named(shell, kind_name, namespace, asked, soak, lambda p, *named: p.autoscale(*named, limits))
