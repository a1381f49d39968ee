"""Reading what a drain's plan is made of; what cannot be read is said, and only the node and its pods must be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from backends.errors import NotFound, SourceError
from backends.model.diagnosis import Object
from backends.model.drain import DrainFacts
from backends.model.drain_room import claims_of, controller_of
from backends.model.fields import text
from backends.operations.ports import ClusterReader

T = TypeVar("T")

_MOST = 20_000
"""Pods of a stamp that are looked at for the room on its nodes."""
Owners = dict[str, Object | None]


async def read_facts(cluster: ClusterReader, node: str) -> DrainFacts:
    """Return what is known of a node, its pods and where they could go; SourceError without node and pods."""
    found, nodes, pods, budgets = await asyncio.gather(
        cluster.get("nodes", node),
        cluster.list_objects("nodes", limit=_MOST),
        cluster.list_objects("pods", limit=_MOST),
        read_or_say(read_budgets(cluster), "disruption budgets"),
    )
    here = [pod for pod in pods if text(pod, "spec", "nodeName") == node]
    owners, volumes = await asyncio.gather(read_owners(cluster, here, {}), _read_volumes(cluster, here))
    unknown = [*budgets[1], *owners[1], *volumes[1]]
    if len(pods) >= _MOST:
        unknown.append(f"only {_MOST} pods were counted for the room on other nodes")
    return DrainFacts(found, nodes, pods, budgets[0] or (), owners[0], volumes[0], tuple(unknown))


async def read_pods(cluster: ClusterReader, node: str) -> Sequence[Object]:
    """Return the pods on a node."""
    return await cluster.list_objects("pods", field_selector=f"spec.nodeName={node}", limit=_MOST)


async def read_budgets(cluster: ClusterReader) -> Sequence[Object]:
    """Return every disruption budget."""
    return await cluster.list_objects("poddisruptionbudgets", limit=_MOST)


async def read_owners(cluster: ClusterReader, pods: Iterable[Object], known: Owners) -> tuple[Owners, list[str]]:
    """Return the pods' controllers by uid, None for those that are gone; and what could not be looked at.

    A node owns its static pods and is not asked for.
    """
    wanted = {
        text(owner, "uid"): (owner, text(pod, "metadata", "namespace"))
        for pod in pods
        if (owner := controller_of(pod)) and text(owner, "kind") != "Node" and text(owner, "uid") not in known
    }
    read = await asyncio.gather(*(_read_owner(cluster, *each) for each in wanted.values()))
    unknown: list[str] = []
    for uid, (found, problem) in zip(wanted, read, strict=True):
        if problem:
            unknown.append(problem)
        else:
            known[uid] = found
    return known, sorted(set(unknown))


async def _read_owner(cluster: ClusterReader, owner: Object, namespace: str) -> tuple[Object | None, str]:
    kind, name = text(owner, "kind"), text(owner, "name")
    group = text(owner, "apiVersion").rpartition("/")[0]
    try:
        served = any(each.kind == kind and each.group == group for each in await cluster.kinds())
        found = await cluster.get(f"{kind}.{group}".lower() if group else kind.lower(), name, namespace)
    except NotFound as error:
        return None, "" if served else f"{kind} {name}: {error}"
    except SourceError as error:
        return None, f"{kind} {name}: {error}"
    # One of the same name that is another object will not make these pods anew.
    return (found if text(found, "metadata", "uid") == text(owner, "uid") else None), ""


async def _read_volumes(
    cluster: ClusterReader, pods: Iterable[Object]
) -> tuple[dict[tuple[str, str], Object], list[str]]:
    claims = sorted({(text(pod, "metadata", "namespace"), claim) for pod in pods for claim in claims_of(pod)})
    read = await asyncio.gather(
        *(read_or_say(_read_volume(cluster, *claim), f"volume of {claim[1]}") for claim in claims)
    )
    found = {claim: volume for claim, (volume, _) in zip(claims, read, strict=True) if volume}
    return found, [problem for _, problems in read for problem in problems]


async def _read_volume(cluster: ClusterReader, namespace: str, claim: str) -> Object:
    bound = await cluster.get("persistentvolumeclaims", claim, namespace)
    volume = text(bound, "spec", "volumeName")
    return await cluster.get("persistentvolumes", volume) if volume else {}


async def read_or_say(call: Awaitable[T], what: str) -> tuple[T | None, list[str]]:
    """Return an answer, or why there is none."""
    try:
        return await call, []
    except SourceError as error:
        return None, [f"{what}: {error}"]
