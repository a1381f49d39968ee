"""The StatefulSet controller: pods with stable names, in order, with a volume each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change, Object, copy_json
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.pods import from_template, is_finished, is_ready
from backends.lab.world.replicaset import owners_named
from backends.lab.world.shapes import (
    Key,
    is_deleting,
    new_object,
    owner_reference,
    short_hash,
    with_metadata,
    with_status,
)
from backends.lab.world.volumes import claim_name, provide_claim

REVISION_LABEL = "controller-revision-hash"
_REVISIONS = "controllerrevisions.apps"


class StatefulSetController(Controller):
    """Creates pod i when all before it are ready, updates and deletes from the highest ordinal down."""

    name: ClassVar[str] = "statefulset-controller"
    watches: ClassVar[tuple[str, ...]] = ("statefulsets.apps", "pods")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "pods":
            yield from owners_named(change, "StatefulSet")
        else:
            yield key_of_change(change)

    def reconcile(self, key: Key) -> None:
        workload = self.store.find("statefulsets.apps", *key)
        if workload is None or is_deleting(workload):
            return
        revision = ensure_revision(self.cluster, workload)
        pods = {_ordinal(pod): pod for pod in self.index.owned(workload["metadata"]["uid"], "pods")}
        self._step(workload, revision, pods)
        self._write_status(key, revision)

    def _step(self, workload: Object, revision: str, pods: dict[int, Object]) -> None:
        """Do the one next thing, or for podManagementPolicy Parallel all of them."""
        spec = workload["spec"]
        wanted = spec.get("replicas", 1)
        parallel = spec.get("podManagementPolicy") == "Parallel"
        for ordinal in range(wanted):
            pod = pods.get(ordinal)
            if pod is None:
                self._create(workload, ordinal, revision)
                if not parallel:
                    return
            elif is_finished(pod):
                self.cluster.delete_pod(pod, 0)
                return
            elif (not is_ready(pod) or is_deleting(pod)) and not parallel:
                if _outdated(pod, revision) and not is_deleting(pod) and _updates(workload):
                    self._delete(workload, pod)  # a stuck pod of an old template is replaced, as in a forced rollback
                return
        surplus = sorted((ordinal for ordinal in pods if ordinal >= wanted), reverse=True)
        for ordinal in surplus:
            if not is_deleting(pods[ordinal]):
                self._delete(workload, pods[ordinal])
            if not parallel:
                return
        self._update(workload, revision, pods, wanted)

    def _update(self, workload: Object, revision: str, pods: dict[int, Object], wanted: int) -> None:
        if not _updates(workload):
            return
        rolling = workload["spec"].get("updateStrategy", {}).get("rollingUpdate") or {}
        for ordinal in range(wanted - 1, int(rolling.get("partition", 0)) - 1, -1):
            pod = pods.get(ordinal)
            if pod is None or is_deleting(pod) or not is_ready(pod):
                return
            if _outdated(pod, revision):
                self._delete(workload, pod)
                return

    def _create(self, workload: Object, ordinal: int, revision: str) -> None:
        meta = workload["metadata"]
        name = f"{meta['name']}-{ordinal}"
        labels = {REVISION_LABEL: revision, "statefulset.kubernetes.io/pod-name": name}
        if self.cluster.minor >= 28:
            labels["apps.kubernetes.io/pod-index"] = str(ordinal)
        pod = from_template(workload, workload["spec"]["template"], name=name, labels=labels)
        pod["metadata"]["generateName"] = f"{meta['name']}-"
        volumes = list(pod["spec"].get("volumes") or ())
        for template in workload["spec"].get("volumeClaimTemplates") or ():
            claim = claim_name(template, name)
            volumes.append({"name": template["metadata"]["name"], "persistentVolumeClaim": {"claimName": claim}})
            if provide_claim(self.store, template, claim, meta["namespace"], workload):
                text = f"create Claim {claim} Pod {name} in StatefulSet {meta['name']} success"
                self.record(workload, "SuccessfulCreate", text)
        pod["spec"] |= {"hostname": name, "subdomain": workload["spec"].get("serviceName", "")}
        if volumes:
            pod["spec"]["volumes"] = volumes
        self.store.create("pods", pod, owned=True)
        text = f"create Pod {name} in StatefulSet {meta['name']} successful"
        self.record(workload, "SuccessfulCreate", text)

    def _delete(self, workload: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        self.cluster.delete_pod(pod)
        text = f"delete Pod {name} in StatefulSet {workload['metadata']['name']} successful"
        self.record(workload, "SuccessfulDelete", text)

    def _write_status(self, key: Key, revision: str) -> None:
        workload = self.store.get("statefulsets.apps", *key)
        pods = [pod for pod in self.index.owned(workload["metadata"]["uid"], "pods") if not is_finished(pod)]
        ready = sum(is_ready(pod) and not is_deleting(pod) for pod in pods)
        updated = sum(not _outdated(pod, revision) and not is_deleting(pod) for pod in pods)
        wanted = workload["spec"].get("replicas", 1)
        old = workload.get("status") or {}
        settled = updated == wanted and ready == wanted
        current = revision if settled else old.get("currentRevision") or revision
        status: Object = {
            "observedGeneration": workload["metadata"].get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": ready,
            "currentReplicas": sum(pod["metadata"]["labels"].get(REVISION_LABEL) == current for pod in pods),
            "updatedReplicas": updated,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        if self.cluster.minor >= 22:
            status["availableReplicas"] = ready
        if status != old:
            changed = with_status(workload)
            changed["status"] = status
            workload = self.store.replace("statefulsets.apps", changed, owned=True)
        forget_revisions(self.cluster, workload, pods)


def ensure_revision(cluster: Cluster, workload: Object) -> str:
    """Return the name of the ControllerRevision of the current template, made when new and always the newest."""
    name, meta = revision_name(workload), workload["metadata"]
    owned = cluster.index.owned(meta["uid"], _REVISIONS)
    newest = max((each["revision"] for each in owned), default=0)
    held = cluster.store.find(_REVISIONS, meta["namespace"], name)
    if held is None:
        cluster.store.create(_REVISIONS, controller_revision(workload, newest + 1), owned=True)
    elif held["revision"] < newest:
        cluster.store.replace(_REVISIONS, {**with_metadata(held), "revision": newest + 1}, owned=True)
    return name


def forget_revisions(cluster: Cluster, workload: Object, pods: Iterable[Object]) -> None:
    """Remove the oldest ControllerRevisions beyond the limit, but none that a pod or the status still names."""
    status, prefix = workload.get("status") or {}, f"{workload['metadata']['name']}-"
    live = {pod["metadata"].get("labels", {}).get(REVISION_LABEL, "") for pod in pods}
    live |= {status.get("currentRevision", ""), status.get("updateRevision", ""), revision_name(workload)}
    owned = cluster.index.owned(workload["metadata"]["uid"], _REVISIONS)
    past = [
        each
        for each in sorted(owned, key=lambda each: int(each["revision"]))
        if not {each["metadata"]["name"], each["metadata"]["name"].removeprefix(prefix)} & live
    ]
    limit = workload["spec"].get("revisionHistoryLimit", 10)
    for each in past[: max(0, len(past) - limit)]:
        cluster.store.remove(_REVISIONS, each["metadata"]["namespace"], each["metadata"]["name"])


def revision_name(workload: Object) -> str:
    """Return the name of the ControllerRevision of a workload's current template."""
    # The kind too: workloads of two kinds may have one name and one template, and revisions of their own.
    text = json.dumps([workload["kind"], workload["spec"]["template"]], sort_keys=True)
    return f"{workload['metadata']['name']}-{short_hash(text)}"


def controller_revision(workload: Object, number: int) -> Object:
    """Return the ControllerRevision that keeps a workload's template for `kubectl rollout undo`."""
    meta = workload["metadata"]
    template = {**copy_json(workload["spec"]["template"]), "$patch": "replace"}
    labels = {**(workload["spec"]["template"]["metadata"].get("labels") or {})}
    name = revision_name(workload)
    labels[REVISION_LABEL] = name if workload["kind"] == "StatefulSet" else name.removeprefix(f"{meta['name']}-")
    return new_object(
        "controllerrevisions.apps", name, meta["namespace"], labels=labels, owners=[owner_reference(workload)],
        data={"spec": {"template": template}}, revision=number,
    )  # fmt: skip


def _updates(workload: Object) -> bool:
    return bool(workload["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate")


def _outdated(pod: Object, revision: str) -> bool:
    return bool(pod["metadata"].get("labels", {}).get(REVISION_LABEL) != revision)


def _ordinal(pod: Object) -> int:
    tail = pod["metadata"]["name"].rpartition("-")[2]
    return int(tail) if tail.isdigit() else -1
