"""What a run will do, in words, as far as it is known before: its order is the engine's own, and partly random.

Source: measured runs of aks-engine-azurestack v0.85.0; Microsoft's release notes for the time a machine takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from backends.model.age import format_duration
from backends.model.engine.api_model import ApiModel, Pool
from backends.model.engine.command import AddPool, Deploy, EngineCommand, GetLogs, RotateCerts, Scale, Upgrade

MACHINE_S = 13 * 60.0
"""A machine takes 12 to 15 minutes to be replaced."""


def summary_of(command: EngineCommand, stamp: str, model: ApiModel | None) -> str:
    """Return the run as one phrase."""
    match command:
        case Upgrade(version=version):
            before = f" from {model.version}" if model and model.version != version else ""
            what = "the control plane of " if command.control_plane_only else ""
            return f"upgrade {what}{stamp}{before} to {version}{' by force' if command.force else ''}"
        case Scale(pool=pool, count=count):
            found = model.pool(pool) if model else None
            before = f" from {found.count}" if found else ""
            return f"scale pool {pool} of {stamp}{before} to {count}"
        case AddPool():
            return f"add a pool to {stamp} by {command.profile}"
        case Deploy():
            return f"deploy a cluster on {stamp} by {command.model}"
        case RotateCerts():
            return f"rotate the certificates of {stamp}"
        case GetLogs():
            return f"collect the logs of {', '.join(command.machines) or 'all machines'} of {stamp}"


def plan_lines(command: EngineCommand, model: ApiModel | None) -> Iterator[str]:
    """Yield what happens, in order."""
    match command:
        case Upgrade():
            yield from _upgrade(command, model)
        case Scale():
            yield from _scale(command, model.pool(command.pool) if model else None)
        case AddPool():
            yield "one ARM deployment makes the pool's machines; the pool is added to the api model at the end"
            yield "the base image is not checked before: a missing one fails in the middle"
        case Deploy():
            yield "one ARM deployment makes the whole cluster; the engine says nothing until it ends (20 to 40 minutes)"
            yield f"{command.output} is written before: after a failure it is in the way of the next try"
        case RotateCerts():
            yield "the masters are rebooted one after another and every pod of kube-system is made anew"
            yield "the cluster's API is away meanwhile; 15 to 30 minutes; everybody needs a new kubeconfig afterwards"
        case GetLogs():
            yield "each machine is asked over SSH, one after another; it stops at the first that does not answer"


def _upgrade(command: Upgrade, model: ApiModel | None) -> Iterator[str]:
    if model is None:
        return
    masters = model.masters.count
    machines = float(masters)
    yield f"{masters} masters, one after another: machine deleted, made again with the same name; never drained"
    if masters == 1:
        yield "with one master the cluster's API is away for as long as that takes"
    if not command.control_plane_only:
        for pool in model.pools:
            machines += pool.count
            yield (
                f"{pool.name}: one machine more first, then {pool.count} nodes in random order: drained (up to an hour"
                " each, silently when a budget blocks), deleted, made again; the last one is not made again"
            )
    yield f"about {format_duration(machines * MACHINE_S)} at 13 minutes a machine"
    yield "the api model is written at the very end: after a failure the same command goes on where it stopped"


def _scale(command: Scale, pool: Pool | None) -> Iterator[str]:
    if pool is None:
        return
    more = command.count - pool.count
    if more > 0:
        noun = "machine" if more == 1 else "machines"
        yield f"{more} {noun} more in {pool.name}, made in one ARM deployment, numbered after the highest"
        yield "the engine does not wait until they are ready; this run does"
    else:
        yield f"the {-more} nodes of {pool.name} with the highest numbers are drained at the same time, then deleted"
        yield "a drain that fails ends the run and leaves them cordoned"
