"""What gets in the way of a drain, on request: a pod that nobody manages, and nodes without room for others."""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.builder import container
from backends.lab.world.cluster import Cluster
from backends.lab.world.pods import qos_class, with_defaults
from backends.lab.world.shapes import new_object, with_status

_NAMESPACE, _NAME = "default", "debug-ops"


class Visit:
    """A pod that somebody started by hand to look around, and left."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def begin(self, node: str) -> None:
        """Run it on a node; nothing when it is there already or there is no such node."""
        store = self._cluster.store
        if store.find("pods", _NAMESPACE, _NAME) is not None or store.find("nodes", "", node) is None:
            return
        main = container("shell", "docker.io/library/busybox:1.36", command=["sleep", "86400"])
        main["volumeMounts"] = [{"name": "scratch", "mountPath": "/scratch"}]
        volumes = [{"name": "scratch", "emptyDir": {}}]
        spec = with_defaults({"containers": [main], "volumes": volumes, "nodeName": node})
        pod = new_object("pods", _NAME, _NAMESPACE, labels={"run": _NAME})
        pod |= {"spec": spec, "status": {"phase": "Pending", "qosClass": qos_class(spec)}}
        store.create("pods", pod, owned=True)

    def end(self) -> None:
        """Delete it, if it is still there."""
        pod = self._cluster.store.find("pods", _NAMESPACE, _NAME)
        if pod is not None:
            self._cluster.delete_pod(pod)


class Room:
    """The CPU that nodes have to give: taken away, so that what has to move finds no place."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._held: dict[str, str] = {}

    def take(self) -> None:
        """Let every node have only what its pods ask for now."""
        for node in self._cluster.store.listing("nodes"):
            name, allocatable = node["metadata"]["name"], node.get("status", {}).get("allocatable") or {}
            if "cpu" in allocatable:
                self._held[name] = allocatable["cpu"]
                used = round(self._cluster.index.use[name].cpu * 1000)
                self._write(node, f"{used}m")

    def give_back(self) -> None:
        """Let nodes have their own again."""
        for name, cpu in self._held.items():
            node = self._cluster.store.find("nodes", "", name)
            if node is not None:
                self._write(node, cpu)
        self._held.clear()

    def _write(self, node: Object, cpu: str) -> None:
        allocatable = {**node["status"]["allocatable"], "cpu": cpu}
        self._cluster.store.replace("nodes", with_status(node, allocatable=allocatable), owned=True)
