"""Where a pod that has to leave its node could go: what the scheduler would say, in its words.

Looked at as the scheduler's filters do: cordons and taints, node selectors and required affinities, requests,
host ports, and the nodes a bound volume can be used from. Topology spread and limits of attached disks are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from backends.model.diagnosis import Object
from backends.model.drain_matching import (
    UNSCHEDULABLE_TAINT,
    labels_of,
    matches,
    node_terms_match,
    requirements_of,
    tolerates,
    wants_node,
)
from backends.model.fields import condition, items, mapping, text
from backends.model.quantity import parse

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
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
    pods: list[Object] = field(default_factory=list)
    ports: list[tuple[str, str, int]] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    repelling: list[tuple[Object, Object]] = field(default_factory=list)
    """Pods that want no company, each with one of its terms."""

    def take(self, pod: Object) -> None:
        self.pods.append(pod)
        self.owners[text(controller_of(pod), "uid")] += 1
        self.repelling += [(pod, term) for term in items(pod, "spec", "affinity", "podAntiAffinity", _REQUIRED)]
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
        self._nodes = {text(each, "metadata", "name"): _open(each) for each in nodes}
        for pod in pods:
            node = self._nodes.get(text(pod, "spec", "nodeName"))
            if node is None or node.name == leaving or text(pod, "status", "phase") in ("Succeeded", "Failed"):
                continue
            node.take(pod)

    def place(self, pod: Object) -> Placement:
        """Return where a pod would go, and take the room there."""
        refusals: Counter[str] = Counter()
        fitting: list[_Node] = []
        for node in self._nodes.values():
            refusal = self._refusal(pod, node)
            if refusal:
                refusals[refusal] += 1
            else:
                fitting.append(node)
        if not fitting:
            said = ", ".join(sorted(f"{count} {why}" for why, count in refusals.items()))
            return Placement(why_not=f"0/{len(self._nodes)} nodes are available: {said}.")
        fitting.sort(key=lambda node: (_mates(pod, node), node.used_share, node.name))
        fitting[0].take(pod)
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
        return _no_room(pod, node) or self._volume_elsewhere(pod, node) or self._pods_forbid(pod, node)

    def _volume_elsewhere(self, pod: Object, node: _Node) -> str:
        for claim in claims_of(pod):
            volume: Object = self._volumes.get((text(pod, "metadata", "namespace"), claim), {})
            terms = items(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
            if terms and not node_terms_match(terms, node.obj):
                return "node(s) had volume node affinity conflict"
        return ""

    def _pods_forbid(self, pod: Object, node: _Node) -> str:
        for term in items(pod, "spec", "affinity", "podAntiAffinity", _REQUIRED):
            if any(_is_meant(term, pod, other) for other in self._sharing(term, node)):
                return "node(s) didn't match pod anti-affinity rules"
        for term in items(pod, "spec", "affinity", "podAffinity", _REQUIRED):
            if any(_is_meant(term, pod, other) for other in self._sharing(term, node)):
                continue
            anywhere = any(_is_meant(term, pod, other) for each in self._nodes.values() for other in each.pods)
            # The first pod of a group that wants its own company may go anywhere.
            if anywhere or not _is_meant(term, pod, pod) or text(term, "topologyKey") not in node.labels:
                return "node(s) didn't match pod affinity rules"
        for each in self._nodes.values():
            for other, theirs in each.repelling:
                if _same_place(theirs, each, node) and _is_meant(theirs, other, pod):
                    return "node(s) didn't satisfy existing pods anti-affinity rules"
        return ""

    def _sharing(self, term: Object, node: _Node) -> Iterable[Object]:
        return (pod for each in self._nodes.values() if _same_place(term, each, node) for pod in each.pods)


def _open(node: Object) -> _Node:
    total = {key: _quantity(str(value)) for key, value in mapping(node, "status", "allocatable").items()}
    total.setdefault("pods", _MOST_PODS)
    return _Node(node, text(node, "metadata", "name"), labels_of(node), dict(total), total)


def _no_room(pod: Object, node: _Node) -> str:
    for resource, amount in requests_of(pod).items():
        if amount > node.free.get(resource, _NONE) and amount:
            return "Too many pods" if resource == "pods" else f"Insufficient {resource}"
    if any(_clash(mine, theirs) for mine in host_ports(pod) for theirs in node.ports):
        return "node(s) didn't have free ports for the requested pod ports"
    return ""


def _mates(pod: Object, node: _Node) -> int:
    """How many pods of the same controller run there: the scheduler spreads them."""
    uid = text(controller_of(pod), "uid")
    return node.owners[uid] if uid else 0


def controller_of(obj: Object) -> Object:
    """Return the reference to an object's controller, empty when it has none."""
    return next((each for each in items(obj, "metadata", "ownerReferences") if each.get("controller")), {})


def _same_place(term: Object, one: _Node, other: _Node) -> bool:
    key = text(term, "topologyKey")
    return key in one.labels and one.labels[key] == other.labels.get(key)


def _is_meant(term: Object, of: Object, pod: Object) -> bool:
    """Whether `pod` is one that a term of the pod `of` speaks of."""
    if not isinstance(term.get("labelSelector"), Mapping):
        return False
    namespace = text(pod, "metadata", "namespace")
    named = [str(each) for each in term.get("namespaces") or ()]
    everywhere = isinstance(term.get("namespaceSelector"), Mapping) and not term["namespaceSelector"]
    if not everywhere and namespace not in (named or [text(of, "metadata", "namespace")]):
        return False
    return matches(requirements_of(term["labelSelector"]), labels_of(pod))


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
