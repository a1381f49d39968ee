"""The ReplicaSet controller: as many pods as asked, no more and no fewer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.quotas import QuotaExceeded, check_quota
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.pods import from_template, is_finished, is_ready, ready_since
from backends.lab.world.shapes import (
    Key,
    controller_of,
    is_deleting,
    selects,
    set_condition,
    with_metadata,
    with_status,
)

_REFUSED_AGAIN_S = 15.0
_BURST = 500  # the real controller's BurstReplicas


class ReplicaSetController(Controller):
    """Creates and deletes pods for ReplicaSets."""

    name: ClassVar[str] = "replicaset-controller"
    watches: ClassVar[tuple[str, ...]] = ("replicasets.apps", "pods")

    def __init__(self, cluster: Cluster) -> None:
        self._refused: dict[str, tuple[float, str]] = {}
        super().__init__(cluster)

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource != "pods":
            yield key_of_change(change)
            return
        yield from owners_named(change, "ReplicaSet")

    def reconcile(self, key: Key) -> None:
        replica_set = self.store.find("replicasets.apps", *key)
        if replica_set is None or is_deleting(replica_set):
            return
        active = list(self._active(replica_set))
        wanted = replica_set["spec"].get("replicas", 1)
        refused = ""
        if len(active) < wanted:
            refused = self._fill(replica_set, active, min(wanted - len(active), _BURST))
        elif len(active) > wanted:
            ranked = sorted(active, key=_deletion_rank)
            for pod in ranked[: len(active) - wanted]:
                self._delete(replica_set, pod)
            active = ranked[len(active) - wanted :]
        self._write_status(replica_set, active, refused)

    def _fill(self, replica_set: Object, active: list[Object], count: int) -> str:
        """Create missing pods; return why not all could be, empty when they could."""
        uid = replica_set["metadata"]["uid"]
        again_at, text = self._refused.get(uid, (0.0, ""))
        if self.cluster.now < again_at:
            return text
        self._refused.pop(uid, None)
        for _ in range(count):
            try:
                active.append(self._create(replica_set))
            except QuotaExceeded as excess:
                meta = replica_set["metadata"]
                text = f'pods "{meta["name"]}-{self.store.suffix()}" is forbidden: {excess}'
                self._refused[uid] = (self.cluster.now + _REFUSED_AGAIN_S, text)
                self.record(replica_set, "FailedCreate", f"Error creating: {text}", warning=True)
                self.again(_REFUSED_AGAIN_S + 0.1, (meta["namespace"], meta["name"]))
                return text
        return ""

    def _active(self, replica_set: Object) -> Iterator[Object]:
        for pod in self.index.owned(replica_set["metadata"]["uid"], "pods"):
            if is_deleting(pod) or is_finished(pod):
                continue
            if not selects(replica_set["spec"]["selector"], pod["metadata"].get("labels")):
                self._release(replica_set, pod)
                continue
            yield pod

    def _release(self, replica_set: Object, pod: Object) -> None:
        uid = replica_set["metadata"]["uid"]
        others = [each for each in pod["metadata"]["ownerReferences"] if each["uid"] != uid]
        self.store.replace("pods", with_metadata(pod, ownerReferences=others or None), owned=True)

    def _create(self, replica_set: Object) -> Object:
        prefix = replica_set["metadata"]["name"] + "-"
        pod = from_template(replica_set, replica_set["spec"]["template"], generateName=prefix)
        check_quota(self.store, "pods", pod, self.cluster.minor)
        pod = self.store.create("pods", pod, owned=True)
        self.record(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        return pod

    def _delete(self, replica_set: Object, pod: Object) -> None:
        self.cluster.delete_pod(pod)
        self.record(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _write_status(self, replica_set: Object, active: list[Object], refused: str) -> None:
        min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
        ready = [pod for pod in active if is_ready(pod)]
        available, next_s = count_available(ready, min_ready_s, self.cluster.now)
        if next_s is not None:
            self.again(next_s, (replica_set["metadata"]["namespace"], replica_set["metadata"]["name"]))
        status: Object = {
            "replicas": len(active),
            "observedGeneration": replica_set["metadata"].get("generation", 1),
        }
        if active:
            status["fullyLabeledReplicas"] = len(active)
        if ready:
            status["readyReplicas"] = len(ready)
        if available:
            status["availableReplicas"] = available
        before = replica_set.get("status") or {}
        if refused:
            held = [each for each in before.get("conditions") or () if each["type"] != "ReplicaFailure"]
            old = next((each for each in before.get("conditions") or () if each["type"] == "ReplicaFailure"), None)
            failure = set_condition(
                [old] if old else [], "ReplicaFailure", "True", "FailedCreate", refused, self.cluster.now
            )
            status["conditions"] = [*held, *failure]
        if replica_set.get("status") != status:
            new = with_status(replica_set)
            new["status"] = status
            self.store.replace("replicasets.apps", new, owned=True)


def owners_named(change: Change, kind: str) -> Iterator[Key]:
    """Name the controllers of a kind that own the changed object, before or after the change."""
    namespace = change.object["metadata"].get("namespace", "")
    for obj in (change.object, change.before):
        if obj is None:
            continue
        owner = controller_of(obj)
        if owner is not None and owner["kind"] == kind:
            yield namespace, owner["name"]


def count_available(ready: Iterable[Object], min_ready_s: float, now: float) -> tuple[int, float | None]:
    """Count pods ready for at least `min_ready_s`; also the seconds until the next one becomes available."""
    ready = list(ready)
    if not min_ready_s:
        return len(ready), None
    waits = [parse_time(ready_since(pod)) + min_ready_s - now for pod in ready]
    pending = [wait for wait in waits if wait > 0]
    return len(ready) - len(pending), min(pending, default=None)


def parse_time(text: str) -> float:
    """Return a metav1.Time as seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _deletion_rank(pod: Object) -> tuple[object, ...]:
    """Order pods as the real controller deletes them: unbound, pending, not ready, newest first."""
    phase = pod.get("status", {}).get("phase")
    restarts = sum(each["restartCount"] for each in pod.get("status", {}).get("containerStatuses", ()))
    born = -parse_time(pod["metadata"]["creationTimestamp"])
    return bool(pod["spec"].get("nodeName")), phase == "Running", is_ready(pod), -restarts, born
