"""The nodes themselves: heartbeats, falling silent, vanishing and coming back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.clock import rfc3339, rfc3339_micro
from backends.lab.objects import Change, Object, copy_json
from backends.lab.world.cluster import Cluster, Controller
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.shapes import Key, condition, new_object, with_status

HEARTBEAT_S = 4.0
LEASES = "leases.coordination.k8s.io"
_MIRROR = "kubernetes.io/config.mirror"
_READY = ("KubeletReady", "kubelet is posting ready status")
_LAST_ON_20_04 = "v1.29.10"
"""The newest version whose base image the engine still made of Ubuntu 20.04."""
_HEALTHY = {
    "NetworkUnavailable": ("False", "RouteCreated", "RouteController created a route"),
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", *_READY),
}


class NodeAgents(Controller):
    """One kubelet process per node, as far as its node object and lease go."""

    name: ClassVar[str] = "kubelet"
    watches: ClassVar[tuple[str, ...]] = ("nodes", "pods")

    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._kubelet = kubelet
        self._gone: dict[str, tuple[Object, list[Object]]] = {}
        super().__init__(cluster)
        cluster.driver.call_every(300.0, self._post_status)

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "pods":
            if change.type == "DELETED" and _is_mirror(change.object):
                self.cluster.driver.call_after(1.0, self._mirror_again, change.object)
            return ()
        # a node object somebody made has no status yet: its kubelet starts
        if change.type == "ADDED" and condition(change.object, "Ready") is None:
            return (("", change.object["metadata"]["name"]),)
        return ()

    def reconcile(self, key: Key) -> None:
        node = self.store.find("nodes", *key)
        if node is None or condition(node, "Ready") is not None or key[1] in self._kubelet.silent:
            return
        capacity = {"cpu": "4", "memory": "14336Mi", "pods": "110"}
        status: Object = {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [{"type": "Hostname", "address": key[1]}],
            "nodeInfo": node_info(self.cluster.version),
            **(node.get("status") or {}),
            "conditions": healthy_conditions(self.cluster.now, ready=False),
        }
        self.store.replace("nodes", {**node, "metadata": dict(node["metadata"]), "status": status}, owned=True)
        self.cluster.events.record(node, "Normal", "Starting", "Starting kubelet.", "kubelet", host=key[1])
        text = f"Node {key[1]} event: Registered Node {key[1]} in Controller"
        self.cluster.events.record(node, "Normal", "RegisteredNode", text, "node-controller")
        self.cluster.driver.call_after(self.cluster.rng.uniform(4, 9), self.speak, key[1])

    def renew_leases(self) -> None:
        """Write the heartbeat of every node that is not silent."""
        stamp = rfc3339_micro(self.cluster.now)
        for node in self.store.each("nodes"):
            name = node["metadata"]["name"]
            if name in self._kubelet.silent:
                continue
            lease = self.store.find(LEASES, "kube-node-lease", name)
            if lease is None:
                self.store.create(LEASES, node_lease(node, stamp), owned=True)
                continue
            spec = {**lease["spec"], "renewTime": stamp}
            self.store.replace(LEASES, {**lease, "metadata": dict(lease["metadata"]), "spec": spec}, owned=True)

    def fall_silent(self, node: str) -> None:
        """Stop all reports of a node; its containers go on unseen."""
        self._kubelet.silent.add(node)

    def speak(self, node: str) -> None:
        """Let a node report again: Ready at once, its pods as their containers are."""
        found = self.store.find("nodes", "", node)
        self._kubelet.resume(node)
        if found is None:
            return
        self.renew_leases()
        ready = condition(found, "Ready")
        was_ready = ready is not None and ready["status"] == "True"
        conditions = healthy_conditions(self.cluster.now, before=found["status"].get("conditions") or ())
        found = self.store.replace("nodes", with_status(found, conditions=conditions), owned=True)
        if not was_ready:
            text = f"Node {node} status is now: NodeReady"
            self.cluster.events.record(found, "Normal", "NodeReady", text, "kubelet", host=node)

    def vanish(self, node: str) -> None:
        """Take a node away as if its machine were deleted; `come_back` brings it again."""
        found = self.store.find("nodes", "", node)
        if found is None:
            return
        mirrors = [pod for pod in self.index.on_node(node) if _is_mirror(pod)]
        self._gone[node] = (found, mirrors)
        self.fall_silent(node)
        text = f"Deleting node {node} because it does not exist in the cloud provider"
        self.cluster.events.record(found, "Normal", "DeletingNode", text, "cloud-node-lifecycle-controller")
        self.store.remove("nodes", "", node)
        if self.store.find(LEASES, "kube-node-lease", node) is not None:
            self.store.remove(LEASES, "kube-node-lease", node)
        text = f"Node {node} event: Removing Node {node} from Controller"
        self.cluster.events.record(found, "Normal", "RemovingNode", text, "node-controller")

    def forget(self, node: str) -> None:
        """Let a vanished node never come back: its machine does not exist any more."""
        self._gone.pop(node, None)

    def come_back(self, node: str) -> None:
        """Let a vanished node register again, with a new uid; it is Ready some seconds later."""
        found, mirrors = self._gone.pop(node, (None, []))
        if found is None or self.store.find("nodes", "", node) is not None:
            self.speak(node)
            return
        for pod in self.index.on_node(node):  # of its former life
            self.store.remove("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        self._kubelet.silent.discard(node)
        fresh = copy_json(found)
        for key in ("uid", "creationTimestamp", "resourceVersion", "generation"):
            fresh["metadata"].pop(key, None)
        fresh["spec"] = {key: value for key, value in fresh["spec"].items() if key not in ("taints", "unschedulable")}
        kept = [t for t in found["spec"].get("taints", ()) if not t["key"].startswith("node.kubernetes.io/")]
        if kept:
            fresh["spec"]["taints"] = kept
        fresh["status"].pop("conditions")
        self.store.create("nodes", fresh, owned=True)
        for pod in mirrors:
            self._mirror_again(pod)

    def _mirror_again(self, pod: Object) -> None:
        """Show a static pod again whose mirror was deleted: only its manifest on the node can end it."""
        node = self.store.find("nodes", "", pod["spec"]["nodeName"])
        meta = pod["metadata"]
        held = self.store.find("pods", meta["namespace"], meta["name"])
        if node is None or node["metadata"]["name"] in self._kubelet.silent or held is not None:
            return
        again = copy_json(pod)
        dropped = ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp")
        for key in (*dropped, "deletionGracePeriodSeconds"):
            again["metadata"].pop(key, None)
        again["metadata"]["ownerReferences"] = [{**meta["ownerReferences"][0], "uid": node["metadata"]["uid"]}]
        again["status"] = {"phase": "Pending", "qosClass": again["status"].get("qosClass", "Burstable")}
        self.store.create("pods", again, owned=True)

    def _post_status(self) -> None:
        """Move the heartbeat times in node conditions, as kubelets do every five minutes."""
        stamp = rfc3339(self.cluster.now)
        for node in self.store.each("nodes"):
            if node["metadata"]["name"] in self._kubelet.silent or condition(node, "Ready") is None:
                continue
            conditions = [{**each, "lastHeartbeatTime": stamp} for each in node["status"]["conditions"]]
            self.store.replace("nodes", with_status(node, conditions=conditions), owned=True)


def _is_mirror(pod: Object) -> bool:
    return bool((pod["metadata"].get("annotations") or {}).get(_MIRROR))


def node_lease(node: Object, renewed: str) -> Object:
    """Return the heartbeat lease of a node; `renewed` is a metav1.MicroTime."""
    name = node["metadata"]["name"]
    reference = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renewed}
    return new_object(LEASES, name, "kube-node-lease", owners=[reference], spec=spec)


def healthy_conditions(at: float, *, ready: bool = True, before: Iterable[Object] = ()) -> list[Object]:
    """Return the conditions of a healthy node; transition times are kept where the status is the same."""
    old = {each["type"]: each for each in before}
    found = []
    for kind, (status, reason, message) in _HEALTHY.items():
        if kind == "Ready" and not ready:
            status, reason = "False", "KubeletNotReady"
            message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady"
        same = kind in old and old[kind]["status"] == status
        found.append(
            {
                "type": kind,
                "status": status,
                "lastHeartbeatTime": rfc3339(at),
                "lastTransitionTime": old[kind]["lastTransitionTime"] if same else rfc3339(at),
                "reason": reason,
                "message": message,
            }
        )
    return found


def node_info(version: str) -> Object:
    """Return status.nodeInfo of a node of aks-engine's base image for a Kubernetes version."""
    minor = int(version.split(".")[1])
    old = minor < 24
    system, kernel = "Ubuntu 22.04.5 LTS", "5.15.0-1089-azure"
    if old:
        system, kernel = "Ubuntu 18.04.5 LTS", "5.4.0-1039-azure"
    elif minor < 29 or version == _LAST_ON_20_04:
        system, kernel = "Ubuntu 20.04.6 LTS", "5.15.0-1074-azure"
    return {
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
        "kernelVersion": kernel,
        "osImage": system,
        "containerRuntimeVersion": "docker://19.3.14" if old else "containerd://1.6.36-1",
        "kubeletVersion": version,
        "kubeProxyVersion": version,
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
