"""CPU and memory: in use by metrics.k8s.io, allocatable by the nodes themselves."""

from __future__ import annotations

import asyncio
from typing import TypeVar
from urllib.parse import quote

import msgspec

from backends.errors import NotFound
from backends.kubernetes.connection import Connection
from backends.kubernetes.paging import Paging
from backends.model.quantity import cpu_millicores, memory_bytes

T = TypeVar("T")

_METRICS = "/apis/metrics.k8s.io/v1beta1"
_PAGE = 500
_SLICE = 500
"""So many objects are summed up before other work gets its turn."""

Amount = tuple[int, int]
"""CPU millicores and memory bytes."""


class _Resources(msgspec.Struct, gc=False):
    cpu: str = "0"
    memory: str = "0"


class _Metadata(msgspec.Struct, gc=False):
    name: str = ""
    namespace: str = ""
    continues: str = msgspec.field(default="", name="continue")


class _NodeMetrics(msgspec.Struct, gc=False):
    metadata: _Metadata
    usage: _Resources


class _Container(msgspec.Struct, gc=False):
    usage: _Resources


class _PodMetrics(msgspec.Struct, gc=False):
    metadata: _Metadata
    containers: list[_Container] | None = None


class _Condition(msgspec.Struct, gc=False):
    type: str = ""
    status: str = ""


class _NodeSpec(msgspec.Struct, gc=False):
    unschedulable: bool = False


class _NodeStatus(msgspec.Struct, gc=False):
    allocatable: _Resources = msgspec.field(default_factory=_Resources)
    conditions: list[_Condition] | None = None


class _Node(msgspec.Struct, gc=False):
    metadata: _Metadata
    spec: _NodeSpec = msgspec.field(default_factory=_NodeSpec)
    status: _NodeStatus = msgspec.field(default_factory=_NodeStatus)


class _NodeMetricsList(msgspec.Struct):
    items: list[_NodeMetrics] | None = None


class _PodMetricsList(msgspec.Struct):
    items: list[_PodMetrics] | None = None


class _NodeList(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    items: list[_Node] | None = None


_NODE_METRICS = msgspec.json.Decoder(_NodeMetricsList)
_POD_METRICS = msgspec.json.Decoder(_PodMetricsList)
_NODES = msgspec.json.Decoder(_NodeList)


async def node_usage(connection: Connection) -> dict[str, Amount]:
    """Return what each node uses; NotFound where the metrics API is not served."""
    doing = "read the use of nodes"
    listed = await _metrics(connection, f"{_METRICS}/nodes", _NODE_METRICS, doing)
    try:
        return {each.metadata.name: _amount(each.usage) for each in listed.items or ()}
    except ValueError:
        raise connection.malformed(doing) from None


async def pod_usage(connection: Connection, namespace: str | None) -> dict[tuple[str, str], Amount]:
    """Return what each pod uses, its containers summed; NotFound where the metrics API is not served."""
    doing = "read the use of pods"
    path = f"{_METRICS}/namespaces/{quote(namespace)}/pods" if namespace else f"{_METRICS}/pods"
    listed = await _metrics(connection, path, _POD_METRICS, doing)
    usage: dict[tuple[str, str], Amount] = {}
    try:
        for number, each in enumerate(listed.items or (), 1):
            amounts = [_amount(container.usage) for container in each.containers or ()]
            total = sum(cpu for cpu, _ in amounts), sum(memory for _, memory in amounts)
            usage[each.metadata.namespace, each.metadata.name] = total
            if number % _SLICE == 0:
                await asyncio.sleep(0)
    except ValueError:
        raise connection.malformed(doing) from None
    return usage


async def node_allocatable(connection: Connection) -> dict[str, Amount]:
    """Return what each node that is Ready and schedulable offers to pods."""
    doing = "read the capacity of nodes"
    found: dict[str, Amount] = {}
    query = {"limit": str(_PAGE)}
    paging = Paging(connection, doing)
    while True:
        listed = await connection.read("/api/v1/nodes", _NODES, doing=doing, query=query)
        try:
            found |= {
                each.metadata.name: _amount(each.status.allocatable) for each in listed.items or () if _takes_pods(each)
            }
        except ValueError:
            raise connection.malformed(doing) from None
        if listed.items:
            paging.progressed()
        query["continue"] = paging.next(listed.metadata.continues, len(listed.items or ()))
        if not query["continue"]:
            return found


async def _metrics(connection: Connection, path: str, shape: msgspec.json.Decoder[T], doing: str) -> T:
    try:
        return await connection.read(path, shape, doing=doing)
    except NotFound as error:
        error.why = "metrics.k8s.io is not served: metrics-server is not installed"
        error.todo = "install metrics-server to see CPU and memory"
        raise


def _takes_pods(node: _Node) -> bool:
    ready = any(each.type == "Ready" and each.status == "True" for each in node.status.conditions or ())
    return ready and not node.spec.unschedulable


def _amount(resources: _Resources) -> Amount:
    return cpu_millicores(resources.cpu), memory_bytes(resources.memory)
