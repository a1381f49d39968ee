"""What pods request and nodes offer: read from whole lists, of which only the few numbers are decoded.

Source: Kubernetes API reference, Pod and Node (v1); the rules of effective requests in "Init Containers" and
"Sidecar Containers", and of "Pod Overhead".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec

from backends.kubernetes.connection import Connection
from backends.kubernetes.paging import Paging
from backends.model import quantity
from backends.model.room import NodeOffer, PodRequest, Room

T = TypeVar("T")
R = TypeVar("R")

cpu_millicores = lru_cache(4096)(quantity.cpu_millicores)
memory_bytes = lru_cache(4096)(quantity.memory_bytes)
"""Pods of a workload ask for the same: ten thousand pods have a few dozen amounts."""

_PAGE = 500
_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_NOT_OVER = "status.phase!=Succeeded,status.phase!=Failed"


class _Resources(msgspec.Struct, gc=False):
    cpu: str = "0"
    memory: str = "0"
    pods: str = "110"


class _Requirements(msgspec.Struct, gc=False):
    requests: _Resources = msgspec.field(default_factory=_Resources)


class _Container(msgspec.Struct, gc=False):
    resources: _Requirements = msgspec.field(default_factory=_Requirements)
    restart_policy: str = msgspec.field(default="", name="restartPolicy")


class _Owner(msgspec.Struct, gc=False):
    kind: str = ""
    controller: bool = False


class _Metadata(msgspec.Struct, gc=False):
    name: str = ""
    namespace: str = ""
    owners: list[_Owner] | None = msgspec.field(default=None, name="ownerReferences")


class _ListMetadata(msgspec.Struct, gc=False):
    continues: str = msgspec.field(default="", name="continue")
    remaining: int | None = msgspec.field(default=None, name="remainingItemCount")


class _PodSpec(msgspec.Struct, gc=False):
    containers: list[_Container] | None = None
    init: list[_Container] | None = msgspec.field(default=None, name="initContainers")
    overhead: _Resources = msgspec.field(default_factory=_Resources)
    node: str = msgspec.field(default="", name="nodeName")


class _Pod(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _Taint(msgspec.Struct, gc=False):
    effect: str = ""


class _NodeSpec(msgspec.Struct, gc=False):
    unschedulable: bool = False
    taints: list[_Taint] | None = None


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""


class _NodeStatus(msgspec.Struct, gc=False):
    allocatable: _Resources = msgspec.field(default_factory=_Resources)
    conditions: list[_Condition] | None = None


class _Node(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _NodeSpec = msgspec.field(default_factory=_NodeSpec)
    status: _NodeStatus = msgspec.field(default_factory=_NodeStatus)


class _List(msgspec.Struct, Generic[T]):
    metadata: _ListMetadata = msgspec.field(default_factory=_ListMetadata)
    items: list[T] | None = None


_PODS = msgspec.json.Decoder(_List[_Pod])
_NODES = msgspec.json.Decoder(_List[_Node])


async def read_room(connection: Connection) -> Room:
    """Return all nodes and all pods that are not over, with requests; raises only SourceError."""
    nodes, pods = await asyncio.gather(
        _list(connection, "/api/v1/nodes", _NODES, _offer, "read what nodes offer"),
        _list(connection, "/api/v1/pods", _PODS, _request, "read what pods request", fieldSelector=_NOT_OVER),
    )
    return Room(tuple(nodes), tuple(pods))


async def _list(
    connection: Connection,
    path: str,
    shape: msgspec.json.Decoder[_List[T]],
    made: Callable[[T], R],
    doing: str,
    **query: str,
) -> list[R]:
    """Return what is made of each item; one page at a time, so that thousands of pods never hold up the loop."""
    query["limit"] = str(_PAGE)
    paging, found = Paging(connection, doing), list[R]()
    while True:
        page = await connection.read(path, shape, doing=doing, query=query)
        try:
            found += map(made, page.items or ())
        except ValueError:
            raise connection.malformed(doing) from None
        if page.items:
            paging.progressed()
        token = paging.next(page.metadata.continues, len(page.items or ()), page.metadata.remaining)
        if not token:
            return found
        query["continue"] = token


def _offer(node: _Node) -> NodeOffer:
    allocatable = node.status.allocatable
    ready = any(each.type == "Ready" and each.status == "True" for each in node.status.conditions or ())
    kept_away = any(each.effect in _KEEPS_AWAY for each in node.spec.taints or ())
    return NodeOffer(
        name=node.metadata.name,
        cpu_millicores=cpu_millicores(allocatable.cpu),
        memory_bytes=memory_bytes(allocatable.memory),
        pods=int(quantity.parse(allocatable.pods)),
        takes_pods=ready and not node.spec.unschedulable and not kept_away,
    )


def _request(pod: _Pod) -> PodRequest:
    cpu, memory = _effective(pod.spec)
    owner = next((each.kind for each in pod.metadata.owners or () if each.controller), "")
    return PodRequest(pod.metadata.namespace, pod.metadata.name, cpu, memory, pod.spec.node, owner)


def _effective(spec: _PodSpec) -> tuple[int, int]:
    """What the scheduler counts: all containers together, or one init container if it asks for more.

    An init container that is restarted always (a sidecar) runs beside all that come after it.
    """
    cpu, memory = _sum(spec.containers)
    beside_cpu = beside_memory = most_cpu = most_memory = 0
    for each in spec.init or ():
        one_cpu, one_memory = _sum([each])
        if each.restart_policy == "Always":
            beside_cpu, beside_memory = beside_cpu + one_cpu, beside_memory + one_memory
            one_cpu = one_memory = 0
        most_cpu, most_memory = max(most_cpu, beside_cpu + one_cpu), max(most_memory, beside_memory + one_memory)
    overhead_cpu, overhead_memory = cpu_millicores(spec.overhead.cpu), memory_bytes(spec.overhead.memory)
    return max(cpu + beside_cpu, most_cpu) + overhead_cpu, max(memory + beside_memory, most_memory) + overhead_memory


def _sum(containers: list[_Container] | None) -> tuple[int, int]:
    requests = [each.resources.requests for each in containers or ()]
    return sum(cpu_millicores(each.cpu) for each in requests), sum(memory_bytes(each.memory) for each in requests)
