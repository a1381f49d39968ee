"""The DaemonSet controller: one pod on every node that takes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.pods import from_template, is_finished, is_ready, pod_condition
from backends.lab.world.replicaset import owners_named
from backends.lab.world.scheduler import tolerates
from backends.lab.world.shapes import Key, is_deleting, key_of, scaled, with_status
from backends.lab.world.statefulset import REVISION_LABEL, ensure_revision, forget_revisions

TOLERATED = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
]


class DaemonSetController(Controller):
    """Keeps one pod per willing node; a new template replaces them one by one."""

    name: ClassVar[str] = "daemonset-controller"
    watches: ClassVar[tuple[str, ...]] = ("daemonsets.apps", "pods", "nodes")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "daemonsets.apps":
            yield key_of_change(change)
        elif change.resource == "pods":
            yield from owners_named(change, "DaemonSet")
        elif change.type != "MODIFIED" or change.before is None or change.before["spec"] != change.object["spec"]:
            for workload in self.store.each("daemonsets.apps"):
                yield key_of(workload)

    def reconcile(self, key: Key) -> None:
        workload = self.store.find("daemonsets.apps", *key)
        if workload is None or is_deleting(workload):
            return
        revision = ensure_revision(self.cluster, workload).removeprefix(f"{key[1]}-")
        pods: dict[str, Object] = {}
        for pod in self.index.owned(workload["metadata"]["uid"], "pods"):
            if is_finished(pod):
                self.cluster.delete_pod(pod, 0)
            else:
                pods[pod["spec"].get("nodeName", "")] = pod
        wanted = [node["metadata"]["name"] for node in self.store.each("nodes") if _takes(workload, node)]
        for node in wanted:
            if node not in pods:
                pods[node] = self._create(workload, node, revision)
        for node in set(pods) - set(wanted):
            if not is_deleting(pods[node]) and self.store.find("nodes", "", node) is not None:
                self._delete(workload, pods[node])
        self._update(workload, revision, pods)
        self._write_status(key, revision, wanted)

    def _create(self, workload: Object, node: str, revision: str) -> Object:
        prefix = f"{workload['metadata']['name']}-"
        annotations = workload["metadata"].get("annotations") or {}
        generation = annotations.get("deprecated.daemonset.template.generation", "1")
        labels = {REVISION_LABEL: revision, "pod-template-generation": generation}
        pod = from_template(workload, workload["spec"]["template"], generateName=prefix, labels=labels)
        pod["spec"]["tolerations"] = [*(workload["spec"]["template"]["spec"].get("tolerations") or ()), *TOLERATED]
        pod["spec"]["nodeName"] = node
        pod["status"]["conditions"] = [pod_condition("PodScheduled", True, self.cluster.now)]
        pod = self.store.create("pods", pod, owned=True)
        meta = pod["metadata"]
        self.record(workload, "SuccessfulCreate", f"Created pod: {meta['name']}")
        text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {node}"
        self.cluster.events.record(pod, "Normal", "Scheduled", text, "default-scheduler")
        return pod

    def _delete(self, workload: Object, pod: Object) -> None:
        self.cluster.delete_pod(pod)
        self.record(workload, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _update(self, workload: Object, revision: str, pods: dict[str, Object]) -> None:
        strategy = workload["spec"].get("updateStrategy", {})
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        allowed = scaled((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(pods), up=True)
        missing = sum(not is_ready(pod) or is_deleting(pod) for pod in pods.values())
        for pod in pods.values():
            if missing >= allowed:
                return
            if pod["metadata"]["labels"].get(REVISION_LABEL) != revision and not is_deleting(pod):
                self._delete(workload, pod)
                missing += 1

    def _write_status(self, key: Key, revision: str, wanted: list[str]) -> None:
        workload = self.store.get("daemonsets.apps", *key)
        pods = [pod for pod in self.index.owned(workload["metadata"]["uid"], "pods") if not is_deleting(pod)]
        ready = sum(is_ready(pod) for pod in pods)
        status: Object = {
            "currentNumberScheduled": len(pods),
            "numberMisscheduled": sum(pod["spec"].get("nodeName") not in wanted for pod in pods),
            "desiredNumberScheduled": len(wanted),
            "numberReady": ready,
            "observedGeneration": workload["metadata"].get("generation", 1),
            "updatedNumberScheduled": sum(p["metadata"]["labels"].get(REVISION_LABEL) == revision for p in pods),
            "numberAvailable": ready,
        }
        if len(wanted) > ready:
            status["numberUnavailable"] = len(wanted) - ready
        if status != workload.get("status"):
            changed = with_status(workload)
            changed["status"] = status
            self.store.replace("daemonsets.apps", changed, owned=True)
        forget_revisions(self.cluster, workload, pods)


def _takes(workload: Object, node: Object) -> bool:
    spec = workload["spec"]["template"]["spec"]
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    probe = {"spec": {"tolerations": [*(spec.get("tolerations") or ()), *TOLERATED]}}
    return all(
        taint["effect"] == "PreferNoSchedule" or tolerates(probe, taint) for taint in node["spec"].get("taints") or ()
    )
