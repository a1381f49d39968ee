"""Node health as the control plane sees it: leases grow old, NotReady, taints, evictions after toleration, orphans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from backends.lab.clock import rfc3339
from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.pods import is_finished, is_ready
from backends.lab.world.scheduler import toleration_of
from backends.lab.world.shapes import Key, condition, is_deleting, with_metadata, with_status

GRACE_S = 12.0
"""--node-monitor-grace-period, a third of the default so that a fault shows soon."""
_ORPHAN_GRACE_S = 20.0
_TAINTS = {"Unknown": "node.kubernetes.io/unreachable", "False": "node.kubernetes.io/not-ready"}
_SILENT = "Kubelet stopped posting node status."


class NodeLifecycle(Controller):
    """Watches heartbeats, taints what is not ready, evicts what does not tolerate it, collects orphaned pods."""

    name: ClassVar[str] = "node-controller"
    watches: ClassVar[tuple[str, ...]] = ("nodes",)

    def __init__(self, cluster: Cluster) -> None:
        self._cordoned = {
            node["metadata"]["name"] for node in cluster.store.each("nodes") if node["spec"].get("unschedulable")
        }
        super().__init__(cluster)
        # at high speeds heartbeats come five times a real second, however much simulated time that is
        self.grace_s = max(GRACE_S, 0.5 * cluster.clock.speed)

    def notice(self, change: Change) -> Iterable[Key]:
        return (key_of_change(change),)

    def reconcile(self, key: Key) -> None:
        node = self.store.find("nodes", *key)
        if node is None:
            self.cluster.driver.call_after(_ORPHAN_GRACE_S, self._collect_orphans, key[1])
            return
        ready = condition(node, "Ready")
        status = ready["status"] if ready else "Unknown"
        node = self._taint(node, status)
        self._tell_cordon(node)
        if status != "True":
            self._mark_pods(node)
        for taint in node["spec"].get("taints") or ():
            if taint["effect"] == "NoExecute":
                self._evict(node, taint)

    def monitor(self) -> None:
        """Mark nodes Unknown whose lease was not renewed within the grace period; called after each heartbeat."""
        for node in self.store.each("nodes"):
            name = node["metadata"]["name"]
            ready = condition(node, "Ready")
            lease = self.store.find("leases.coordination.k8s.io", "kube-node-lease", name)
            if ready is None or ready["status"] == "Unknown" or lease is None:
                continue
            renewed = datetime.fromisoformat(lease["spec"]["renewTime"].replace("Z", "+00:00")).timestamp()
            if self.cluster.now - renewed > self.grace_s:
                self._lose(node)

    def lose(self, name: str) -> None:
        """Mark a node Unknown at once: that it is gone is known for certain."""
        node = self.store.find("nodes", "", name)
        ready = condition(node, "Ready") if node is not None else None
        if node is not None and ready is not None and ready["status"] != "Unknown":
            self._lose(node)

    def _lose(self, node: Object) -> None:
        stamp = rfc3339(self.cluster.now)
        conditions = [
            {
                **each,
                "status": "Unknown",
                "reason": "NodeStatusUnknown",
                "message": _SILENT,
                "lastTransitionTime": stamp,
            }
            for each in node["status"]["conditions"]
        ]
        node = self.store.replace("nodes", with_status(node, conditions=conditions), owned=True)
        self.record(node, "NodeNotReady", f"Node {node['metadata']['name']} status is now: NodeNotReady")

    def _taint(self, node: Object, status: str) -> Object:
        old = list(node["spec"].get("taints") or ())
        wanted = _TAINTS.get(status)
        ours = set(_TAINTS.values())
        kept = [taint for taint in old if taint["key"] not in ours or taint["key"] == wanted]
        kept = [taint for taint in kept if taint["key"] != "node.kubernetes.io/unschedulable"]
        present = {(taint["key"], taint["effect"]) for taint in kept}
        if node["spec"].get("unschedulable"):
            stamp = next((t["timeAdded"] for t in old if t["key"].endswith("unschedulable") and "timeAdded" in t), None)
            kept.append(
                {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
                | {"timeAdded": stamp or rfc3339(self.cluster.now)}
            )
        for effect in ("NoSchedule", "NoExecute"):
            if wanted and (wanted, effect) not in present:
                kept.append({"key": wanted, "effect": effect, "timeAdded": rfc3339(self.cluster.now)})
        if kept == old:
            return node
        spec = {**node["spec"], "taints": kept}
        if not kept:
            del spec["taints"]
        return self.store.replace("nodes", {**with_metadata(node), "spec": spec}, owned=True)

    def _tell_cordon(self, node: Object) -> None:
        name, cordoned = node["metadata"]["name"], bool(node["spec"].get("unschedulable"))
        if cordoned == (name in self._cordoned):
            return
        self._cordoned ^= {name}
        reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
        text = f"Node {name} status is now: {reason}"
        self.cluster.events.record(node, "Normal", reason, text, "kubelet", host=name)

    def _mark_pods(self, node: Object) -> None:
        stamp = rfc3339(self.cluster.now)
        for pod in self.index.on_node(node["metadata"]["name"]):
            if not is_ready(pod):
                continue
            conditions = [
                {**each, "status": "False", "lastTransitionTime": stamp} if each["type"] == "Ready" else each
                for each in pod["status"]["conditions"]
            ]
            pod = self.store.replace("pods", with_status(pod, conditions=conditions), owned=True)
            self.record(pod, "NodeNotReady", "Node is not ready", warning=True)

    def _evict(self, node: Object, taint: Object) -> None:
        name = node["metadata"]["name"]
        since = datetime.fromisoformat(taint.get("timeAdded", rfc3339(self.cluster.now)).replace("Z", "+00:00"))
        waits = []
        for pod in self.index.on_node(name):
            if is_deleting(pod) or is_finished(pod) or pod["metadata"].get("annotations", {}).get(_MIRROR):
                continue
            toleration = toleration_of(pod, taint)
            seconds = 0 if toleration is None else toleration.get("tolerationSeconds")
            if seconds is None:
                continue
            left_s = since.timestamp() + seconds - self.cluster.now
            if left_s <= 0:
                self._evict_pod(pod)
            else:
                waits.append(left_s)
        if waits:
            self.again(min(waits) + 0.1, ("", name))

    def _evict_pod(self, pod: Object) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        text = f"Marking for deletion Pod {namespace}/{name}"
        self.cluster.events.record(pod, "Normal", "TaintManagerEviction", text, "taint-eviction-controller")
        self.cluster.delete_pod(pod)

    def _collect_orphans(self, node: str) -> None:
        """Remove the pods of a node that no longer exists, as the pod garbage collector does."""
        if self.store.find("nodes", "", node) is not None:
            return
        for pod in self.index.on_node(node):
            self.store.remove("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])


_MIRROR = "kubernetes.io/config.mirror"
