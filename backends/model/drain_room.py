"""Where a pod that has to leave its node could go: what the scheduler would say, in its words.

Looked at as the scheduler's filters do: cordons and taints, node selectors and required affinities, requests,
host ports, topology spread, and the nodes a bound volume can be used from. Limits of attached disks are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from backends.model.diagnosis import Object
from backends.model.drain_company import Company
from backends.model.drain_matching import (
    UNSCHEDULABLE_TAINT,
    labels_of,
    node_terms_match,
    tolerates,
    wants_node,
)
from backends.model.drain_spread import Spread
from backends.model.fields import condition, items, mapping, text
from backends.model.quantity import parse

_ANY_ADDRESS = ("", "0.0.0.0", "::")
_NONE = Decimal(0)
_MOST_PODS = Decimal(110)

Volumes = Mapping[tuple[str, str], Object]
"""The PersistentVolume behind each claim, by (namespace, claim)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The nodes a pod fits on, best first; or why it fits on none, as the scheduler would say it."""

    nodes: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(slots=True)
class _Node:
    obj: Object
    name: str
    labels: dict[str, str]
    free: dict[str, Decimal]
    total: dict[str, Decimal]
    ports: list[tuple[str, str, int]] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)

    def take(self, pod: Object) -> None:
        self.owners[text(controller_of(pod), "uid")] += 1
        self.ports += host_ports(pod)
        for resource, amount in requests_of(pod).items():
            self.free[resource] = self.free.get(resource, _NONE) - amount

    @property
    def used_share(self) -> Decimal:
        cpu = self.total.get("cpu", _NONE)
        return 1 - self.free.get("cpu", _NONE) / cpu if cpu else Decimal(1)


class Room:
    """The nodes of a stamp with what runs on them; placing a pod takes its room from those placed after it."""

    def __init__(self, nodes: Iterable[Object], pods: Iterable[Object], leaving: str, volumes: Volumes) -> None:
        self._leaving = leaving
        self._volumes = volumes
        self._company = Company()
        self._nodes = {text(each, "metadata", "name"): _open(each) for each in nodes}
        for pod in pods:
            node = self._nodes.get(text(pod, "spec", "nodeName"))
            if node is None or node.name == leaving or text(pod, "status", "phase") in ("Succeeded", "Failed"):
                continue
            self._put(pod, node)

    def _put(self, pod: Object, node: _Node) -> None:
        node.take(pod)
        self._company.add(pod, node.labels)

    def place(self, pod: Object) -> Placement:
        """Return where a pod would go, and take the room there."""
        refusals: Counter[str] = Counter()
        fitting: list[_Node] = []
        newcomer, asked, ports = self._company.newcomer(pod), requests_of(pod), host_ports(pod)
        spread = Spread(self._company, pod, self._nodes.values())
        for node in self._nodes.values():
            refusal = self._refusal(pod, node) or _no_room(asked, ports, node)
            refusal = refusal or spread.refusal(node.labels) or newcomer.refusal(node.labels)
            if refusal:
                refusals[refusal] += 1
            else:
                fitting.append(node)
        if not fitting:
            said = ", ".join(sorted(f"{count} {why}" for why, count in refusals.items()))
            return Placement(why_not=f"0/{len(self._nodes)} nodes are available: {said}.")
        fitting.sort(key=lambda node: (_mates(pod, node), node.used_share, node.name))
        self._put(pod, fitting[0])
        return Placement(tuple(node.name for node in fitting))

    def _refusal(self, pod: Object, node: _Node) -> str:
        cordoned = node.name == self._leaving or mapping(node.obj, "spec").get("unschedulable")
        if cordoned and (node.name == self._leaving or not tolerates(pod, UNSCHEDULABLE_TAINT)):
            return "node(s) were unschedulable"
        if not wants_node(pod, node.obj):
            return "node(s) didn't match Pod's node affinity/selector"
        for taint in items(node.obj, "spec", "taints"):
            if taint.get("effect") != "PreferNoSchedule" and not tolerates(pod, taint):
                return f"node(s) had untolerated taint {{{text(taint, 'key')}: {text(taint, 'value')}}}"
        if condition(node.obj, "Ready").get("status") != "True":
            return "node(s) were not ready"
        return self._volume_elsewhere(pod, node)

    def _volume_elsewhere(self, pod: Object, node: _Node) -> str:
        for claim in claims_of(pod):
            volume: Object = self._volumes.get((text(pod, "metadata", "namespace"), claim), {})
            terms = items(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
            if terms and not node_terms_match(terms, node.obj):
                return "node(s) had volume node affinity conflict"
        return ""


def _open(node: Object) -> _Node:
    total = {key: _quantity(str(value)) for key, value in mapping(node, "status", "allocatable").items()}
    total.setdefault("pods", _MOST_PODS)
    return _Node(node, text(node, "metadata", "name"), labels_of(node), dict(total), total)


def _no_room(asked: Mapping[str, Decimal], ports: list[tuple[str, str, int]], node: _Node) -> str:
    for resource, amount in asked.items():
        if amount > node.free.get(resource, _NONE) and amount:
            return "Too many pods" if resource == "pods" else f"Insufficient {resource}"
    if any(_clash(mine, theirs) for mine in ports for theirs in node.ports):
        return "node(s) didn't have free ports for the requested pod ports"
    return ""


def _mates(pod: Object, node: _Node) -> int:
    """How many pods of the same controller run there: the scheduler spreads them."""
    uid = text(controller_of(pod), "uid")
    return node.owners[uid] if uid else 0


def controller_of(obj: Object) -> Object:
    """Return the reference to an object's controller, empty when it has none."""
    return next((each for each in items(obj, "metadata", "ownerReferences") if each.get("controller")), {})


def claims_of(pod: Object) -> tuple[str, ...]:
    """Return the names of the PersistentVolumeClaims a pod uses, those of generic ephemeral volumes included."""
    name = text(pod, "metadata", "name")
    found = []
    for volume in items(pod, "spec", "volumes"):
        if claim := text(volume, "persistentVolumeClaim", "claimName"):
            found.append(claim)
        elif isinstance(volume.get("ephemeral"), Mapping):
            found.append(f"{name}-{text(volume, 'name')}")
    return tuple(found)


def host_ports(pod: Object) -> list[tuple[str, str, int]]:
    """Return the (protocol, address, port) a pod takes of its node."""
    return [
        (text(port, "protocol") or "TCP", text(port, "hostIP"), int(port["hostPort"]))
        for container in items(pod, "spec", "containers")
        for port in items(container, "ports")
        if isinstance(port.get("hostPort"), int) and port["hostPort"]
    ]


def _clash(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    same_address = one[1] == other[1] or one[1] in _ANY_ADDRESS or other[1] in _ANY_ADDRESS
    return one[0] == other[0] and one[2] == other[2] and same_address


def requests_of(pod: Object) -> dict[str, Decimal]:
    """Return what a pod asks of a node: its containers together, or its largest init step; and one pod's place."""
    spec = mapping(pod, "spec")
    steady: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for container in items(spec, "initContainers"):
        asked = _amounts(container, "resources", "requests")
        during = _sum(steady, asked)
        peak = {key: max(peak.get(key, _NONE), during.get(key, _NONE)) for key in {*peak, *during}}
        if container.get("restartPolicy") == "Always":  # a sidecar: it goes on beside what starts after it
            steady = during
    for container in items(spec, "containers"):
        steady = _sum(steady, _amounts(container, "resources", "requests"))
    total = {key: max(steady.get(key, _NONE), peak.get(key, _NONE)) for key in sorted({*steady, *peak})}
    return _sum(total, _amounts(spec, "overhead")) | {"pods": Decimal(1)}


def _sum(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {
        key: one.get(key, _NONE) + other.get(key, _NONE) for key in (*one, *(key for key in other if key not in one))
    }


def _amounts(obj: Object, *path: str) -> dict[str, Decimal]:
    return {str(key): _quantity(str(value)) for key, value in mapping(obj, *path).items()}


@lru_cache(maxsize=4096)
def _quantity(written: str) -> Decimal:
    try:
        return parse(written)
    except ValueError:
        return _NONE


def room_words(placement: Placement) -> str:
    """Say where a pod can go: `to node-b` or one of so many, or `nowhere: …`."""
    if placement.why_not:
        return f"nowhere: {placement.why_not}"
    first, *others = placement.nodes
    return f"to {first}" + (f" or {len(others)} more" if others else "")
