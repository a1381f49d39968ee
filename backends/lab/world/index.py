"""Who owns, runs where and selects what, kept up to date with every write, so that no controller scans 10,000 pods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backends.lab.objects import Change, Object, ObjectStore
from backends.lab.world.pods import cpu_request, is_finished, memory_request
from backends.lab.world.shapes import Key

_NOTHING: Mapping[Key, Object] = {}


@dataclass(slots=True)
class NodeUse:
    """What the pods bound to a node ask for: CPU cores, bytes, and their number."""

    cpu: float = 0.0
    memory: float = 0.0
    pods: int = 0


class ClusterIndex:
    """Views on a store; every mapping returned is live: copy it before writing while walking it."""

    def __init__(self, store: ObjectStore) -> None:
        self._owned: dict[str, dict[str, dict[Key, Object]]] = defaultdict(lambda: defaultdict(dict))
        self._in_namespace: dict[tuple[str, str], dict[Key, Object]] = defaultdict(dict)
        self._on_node: dict[str, dict[Key, Object]] = defaultdict(dict)
        self.use: dict[str, NodeUse] = defaultdict(NodeUse)
        self._anti_affine: dict[Key, Object] = {}
        for resource in store.resources():
            for obj in store.each(resource):
                self._add(resource, obj)

    def owned(self, uid: str, resource: str) -> list[Object]:
        """Return the objects of a resource that name this uid as an owner, oldest write last."""
        by_resource = self._owned.get(uid)
        return list(by_resource[resource].values()) if by_resource and resource in by_resource else []

    def dependents(self, uid: str) -> list[tuple[str, Object]]:
        """Return everything that names this uid as an owner."""
        return [(kind, obj) for kind, held in self._owned.get(uid, {}).items() for obj in held.values()]

    def on_node(self, node: str) -> list[Object]:
        """Return the pods bound to a node."""
        return list(self._on_node.get(node, _NOTHING).values())

    def in_namespace(self, resource: str, namespace: str) -> Iterable[Object]:
        """Return the objects of a resource in one namespace."""
        return list(self._in_namespace.get((resource, namespace), _NOTHING).values())

    def anti_affine(self) -> list[Object]:
        """Return the pods that keep others away."""
        return list(self._anti_affine.values())

    def apply(self, change: Change) -> None:
        """Follow one write."""
        if change.before is not None:
            self._drop(change.resource, change.before)
        if change.type != "DELETED":
            self._add(change.resource, change.object)

    def _add(self, resource: str, obj: Object) -> None:
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        if resource not in ("events", "leases.coordination.k8s.io"):
            self._in_namespace[resource, key[0]][key] = obj
        for reference in meta.get("ownerReferences") or ():
            self._owned[reference["uid"]][resource][key] = obj
        if resource == "pods" and (node := obj["spec"].get("nodeName")):
            self._on_node[node][key] = obj
            if (obj["spec"].get("affinity") or {}).get("podAntiAffinity"):
                self._anti_affine[key] = obj
            self._count(node, obj, 1)

    def _drop(self, resource: str, obj: Object) -> None:
        meta = obj["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        self._in_namespace[resource, key[0]].pop(key, None)
        for reference in meta.get("ownerReferences") or ():
            held = self._owned[reference["uid"]]
            held[resource].pop(key, None)
            if not held[resource]:
                del held[resource]
                if not held:
                    del self._owned[reference["uid"]]
        if resource == "pods" and (node := obj["spec"].get("nodeName")):
            self._on_node[node].pop(key, None)
            self._anti_affine.pop(key, None)
            self._count(node, obj, -1)

    def _count(self, node: str, pod: Object, sign: int) -> None:
        if is_finished(pod):
            return
        use = self.use[node]
        use.cpu += sign * cpu_request(pod)
        use.memory += sign * memory_request(pod)
        use.pods += sign
