"""Reading what the preflight is answered from, everything at once; what cannot be read says why."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.azure_stack import BaseImage
from backends.model.engine.api_model import ApiModel
from backends.model.engine.command import AddPool, Deploy, EngineCommand, Scale, Upgrade
from backends.model.engine.releases import release_named
from backends.model.job import JobStatus
from backends.model.preflight.facts import PreflightFacts, Unread
from backends.operations.deadline import within
from backends.operations.engine.site import EngineSite
from backends.operations.vm_ports import StampArm

T = TypeVar("T")

_TIMEOUT_S = 60.0
"""The engine's own commands take seconds, its probes up to half a minute where nothing answers."""
_MOST = 20_000


async def read_preflight(
    site: EngineSite, command: EngineCommand, sites: Mapping[str, EngineSite], clock: Clock
) -> PreflightFacts:
    """Look at everything a run of this command on this stamp depends on; raises nothing."""
    engine, cluster, arm = site.engine, site.cluster, site.arm

    def ask(call: Awaitable[T]) -> asyncio.Task[T | Unread]:
        return group.create_task(_or_say(call, clock))

    async with asyncio.TaskGroup() as group:
        model, version = ask(engine.api_model()), ask(engine.version())
        nodes, pods, budgets, deployments, sets = (
            ask(cluster.list_objects(kind, limit=_MOST))
            for kind in ("nodes", "pods", "poddisruptionbudgets", "deployments.apps", "statefulsets.apps")
        )
        room, vm, jobs = ask(cluster.room()), ask(engine.look()), ask(site.jobs.list())
        offered = group.create_task(_offered(site, command, model, clock))
        machines = ask(arm.machines()) if arm else None
        usages = ask(arm.usages()) if arm else None
        images = group.create_task(_images(arm, command, version, clock)) if arm else None
        elsewhere = group.create_task(_elsewhere(site, sites, clock))
    stack = site.stamp.azure_stack
    return PreflightFacts(
        stamp=site.name,
        command=command,
        now=clock.now(),
        resource_group=stack.resource_group if stack else "",
        location=stack.location if stack else "",
        engine=version.result(),
        offered=offered.result(),
        model=model.result(),
        vm=vm.result(),
        nodes=nodes.result(),
        pods=pods.result(),
        budgets=budgets.result(),
        workloads=_joined(deployments.result(), sets.result()),
        room=room.result(),
        jobs=jobs.result(),
        elsewhere=elsewhere.result(),
        machines=machines.result() if machines else None,
        images=images.result() if images else None,
        usages=usages.result() if usages else None,
    )


async def _or_say(call: Awaitable[T], clock: Clock) -> T | Unread:
    async def ask() -> T:
        return await call

    try:
        return await within(clock, ask(), _TIMEOUT_S)
    except SourceError as error:
        return Unread(f"{error.what}: {error.why}" if error.why else error.what)
    except TimeoutError:
        return Unread(f"no answer within {_TIMEOUT_S:g} s")


async def _offered(
    site: EngineSite, command: EngineCommand, model: asyncio.Task[ApiModel | Unread], clock: Clock
) -> tuple[str, ...] | Unread:
    if not isinstance(command, Upgrade):
        return ()
    found = await model
    if isinstance(found, Unread):
        return Unread("the version of the cluster is not known")
    return await _or_say(site.engine.offered(found.version), clock)


async def _images(
    arm: StampArm, command: EngineCommand, version: asyncio.Task[str | Unread], clock: Clock
) -> Mapping[str, bool] | Unread:
    if not isinstance(command, Upgrade | Scale | AddPool | Deploy):
        return {}
    found = await version
    if isinstance(found, Unread):
        return Unread("the engine's version is not known")
    release = release_named(found)
    if release is None:
        return Unread(f"the base image of {found} is not known here")
    there = await _or_say(arm.has_image(BaseImage(*release.linux_image.split(":"))), clock)
    return there if isinstance(there, Unread) else {release.linux_image: there}


async def _elsewhere(
    site: EngineSite, sites: Mapping[str, EngineSite], clock: Clock
) -> dict[str, Sequence[JobStatus] | Unread]:
    others = [each for name, each in sites.items() if name != site.name]
    found = await asyncio.gather(*(_or_say(each.jobs.list(), clock) for each in others))
    return {each.name: jobs for each, jobs in zip(others, found, strict=True)}


def _joined(first: Sequence[T] | Unread, second: Sequence[T] | Unread) -> Sequence[T] | Unread:
    if isinstance(first, Unread):
        return first
    return second if isinstance(second, Unread) else [*first, *second]
