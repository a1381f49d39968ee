"""Rules about what the stamp has for a run: images and quota."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backends.model.engine.command import AddPool, Deploy, Scale, Upgrade
from backends.model.preflight.facts import PreflightFacts, Unread
from backends.model.proposal import Finding, Level

_CORES = re.compile(r"^(?:Standard|Basic)_[A-Z]+(?P<number>\d+)", re.IGNORECASE)
_DOUBLING = re.compile(r"^Standard_DS?(?P<number>\d+)(?:_v2)?$", re.IGNORECASE)
_NODES = 50
"""aks-engine on Azure Stack Hub is supported up to so many nodes in a subscription (Microsoft's documentation)."""


def stamp_findings(facts: PreflightFacts) -> Iterator[Finding]:
    """Answer whether the base images are there and whether the quota has room for what the run makes beside."""
    if isinstance(facts.command, Upgrade | Scale | AddPool | Deploy):
        yield from _images(facts)
        yield from _quota(facts)


def cores_of(size: str) -> int | None:
    """Return the cores of a machine size by its name: `Standard_DS3_v2` has 4, `Standard_F8s` 8."""
    if found := _DOUBLING.match(size):
        number = int(found["number"])
        return {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 11: 2, 12: 4, 13: 8, 14: 16}.get(number)
    found = _CORES.match(size)
    return int(found["number"]) if found else None


def _images(facts: PreflightFacts) -> Iterator[Finding]:
    images = facts.images
    if images is None or isinstance(images, Unread):
        why = images.why if isinstance(images, Unread) else "no azure_stack.reader in fleet.yaml"
        yield Finding("base-image", Level.WARN, f"whether the base image is there is not known: {why}", facts.stamp)
        return
    missing = [image for image, there in images.items() if not there]
    if missing:
        evidence = f"the marketplace lacks {', '.join(missing)}: ask the stamp's operator to add it; nothing is touched"
        yield Finding("base-image", Level.REFUSE, evidence, facts.stamp)
    elif images:
        yield Finding("base-image", Level.PASS, f"the marketplace has {', '.join(images)}", facts.stamp)


def _quota(facts: PreflightFacts) -> Iterator[Finding]:
    usages, model = facts.usages, facts.model
    if isinstance(model, Unread):
        return
    if usages is None or isinstance(usages, Unread):
        why = usages.why if isinstance(usages, Unread) else "no azure_stack.reader in fleet.yaml"
        yield Finding("quota", Level.WARN, f"the quota could not be read: {why}", facts.stamp)
        return
    more = _machines_more(facts)
    sizes = [cores_of(pool.vm_size) for pool in model.pools if more.get(pool.name)]
    cores = sum(count * (cores_of(pool.vm_size) or 0) for pool in model.pools if (count := more.get(pool.name, 0)))
    needed = {"cores": cores, "virtualmachines": sum(more.values())}
    short = []
    for usage in usages:
        wanted = needed.get(usage.name.lower(), 0)
        if wanted and usage.limit >= 0 and usage.used + wanted > usage.limit:
            short.append(f"{usage.name}: {usage.used} of {usage.limit} used, {wanted} more needed")
    if short:
        evidence = f"{'; '.join(short)}: the run would fail after a machine was already deleted"
        yield Finding("quota", Level.REFUSE, evidence, facts.stamp)
    elif None in sizes:
        yield Finding("quota", Level.WARN, "the cores of a machine size are not known", facts.stamp)
    else:
        yield Finding("quota", Level.PASS, f"{cores} cores more are within the quota", facts.stamp)
    total = model.masters.count + sum(each.count for each in model.pools) + sum(more.values())
    if total > _NODES:
        yield Finding("size", Level.WARN, f"{total} nodes are more than the {_NODES} that are supported", facts.stamp)


def _machines_more(facts: PreflightFacts) -> dict[str, int]:
    """Return how many machines a run has beyond the present ones, by pool: an upgrade makes one before one goes."""
    model, command = facts.model, facts.command
    assert not isinstance(model, Unread)
    if isinstance(command, Upgrade):
        return {} if command.control_plane_only else {each.name: 1 for each in model.pools}
    if isinstance(command, Scale):
        pool = model.pool(command.pool)
        return {command.pool: max(0, command.count - pool.count)} if pool else {}
    return {}
