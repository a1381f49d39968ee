"""`stampdeck do delete|evict|label|annotate`: what can be done to any object."""

from __future__ import annotations

from typing import Any

import click

from console.commands.do_running import Asked
from console.commands.do_workload import of_workload, run_named
from console.commands.shell import Shell


@click.command()
@of_workload
@click.option(
    "--cascade",
    type=click.Choice(["background", "foreground", "orphan"]),
    default="background",
    show_default=True,
    help="What becomes of what it owns.",
)
@click.option(
    "--grace-period", type=click.IntRange(min=-1), default=-1, metavar="SECONDS", help="-1: as it says itself."
)
def delete(
    shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked, cascade: str, grace_period: int
) -> int:
    """Delete KIND/NAME and wait until it is gone."""
    grace_s = None if grace_period < 0 else grace_period
    options: dict[str, Any] = {"propagation": cascade.capitalize(), "grace_s": grace_s}
    return run_named(shell, kind_name, namespace, asked, soak, lambda p, *named: p.delete(*named, **options))


@click.command()
@of_workload
def evict(shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked) -> int:
    """Delete pod/NAME as far as its disruption budgets allow."""
    if kind_name.partition("/")[0] not in ("pod", "pods", "po"):
        raise click.BadParameter("only pods are evicted: write pod/NAME")
    return run_named(
        shell, kind_name, namespace, asked, soak, lambda p, stamp, kind, name, ns: p.evict(stamp, name, ns)
    )


def _pairs(words: tuple[str, ...]) -> dict[str, str | None]:
    from backends.operations.object_works.label import read_pairs

    try:
        return read_pairs(words)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@of_workload
@click.argument("pairs", metavar="KEY=VALUE|KEY-...", nargs=-1, required=True)
def label(
    shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked, pairs: tuple[str, ...]
) -> int:
    """Set labels of KIND/NAME, or remove those written as KEY-."""
    values = _pairs(pairs)
    return run_named(shell, kind_name, namespace, asked, soak, lambda planner, *named: planner.label(*named, values))


@click.command()
@of_workload
@click.argument("pairs", metavar="KEY=VALUE|KEY-...", nargs=-1, required=True)
def annotate(
    shell: Shell, kind_name: str, namespace: str | None, soak: float, asked: Asked, pairs: tuple[str, ...]
) -> int:
    """Set annotations of KIND/NAME, or remove those written as KEY-."""
    values = _pairs(pairs)
    return run_named(shell, kind_name, namespace, asked, soak, lambda planner, *named: planner.annotate(*named, values))
