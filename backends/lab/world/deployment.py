"""The Deployment controller: revisions, rolling updates within surge and unavailability, conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import ClassVar

from backends.lab.objects import Change, Object, copy_json
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.deployment_annotations import (
    REVISION,
    limits,
    new_annotations,
    revision_of,
    scaled_annotations,
)
from backends.lab.world.deployment_status import deployment_status
from backends.lab.world.pods import is_finished
from backends.lab.world.replicaset import owners_named
from backends.lab.world.shapes import (
    Key,
    is_deleting,
    new_object,
    owner_reference,
    set_condition,
    short_hash,
    with_metadata,
    with_status,
)


class DeploymentController(Controller):
    """Rolls Deployments out over ReplicaSets."""

    name: ClassVar[str] = "deployment-controller"
    watches: ClassVar[tuple[str, ...]] = ("deployments.apps", "replicasets.apps", "pods")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "deployments.apps":
            yield key_of_change(change)
        elif change.resource == "replicasets.apps":
            yield from owners_named(change, "Deployment")
        elif change.type == "DELETED":
            # strategy Recreate waits for the old pods to be gone
            for namespace, name in owners_named(change, "ReplicaSet"):
                replica_set = self.store.find("replicasets.apps", namespace, name)
                for owner in (replica_set or {}).get("metadata", {}).get("ownerReferences", ()):
                    yield namespace, owner["name"]

    def reconcile(self, key: Key) -> None:
        deployment = self.store.find("deployments.apps", *key)
        if deployment is None or is_deleting(deployment):
            return
        owned = self.index.owned(deployment["metadata"]["uid"], "replicasets.apps")
        template = deployment["spec"]["template"]
        new = next((each for each in owned if _plain(each["spec"]["template"]) == _plain(template)), None)
        old = [each for each in owned if each is not new]
        if deployment["spec"].get("paused"):
            self._scale_paused(deployment, new, owned)
        else:
            new = self._ensure_new(deployment, new, old)
            deployment = self.store.get("deployments.apps", *key)
            if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
                self._recreate(deployment, new, old)
            else:
                self._roll(deployment, new, old)
            self._clean_up(deployment, new, old)
        self._write_status(key)

    # revisions

    def _ensure_new(self, deployment: Object, new: Object | None, old: Sequence[Object]) -> Object:
        meta = deployment["metadata"]
        newest = max((revision_of(each) for each in old), default=0)
        revision = max(newest + 1, revision_of(new) if new else 1)
        if new is None:
            new = self._create(deployment, revision, old)
        else:
            held = new["metadata"].get("annotations") or {}
            annotations = new_annotations(deployment, held, revision)
            if annotations != held:
                new = self.store.replace("replicasets.apps", with_metadata(new, annotations=annotations), owned=True)
            if held.get(REVISION) != str(revision):
                text = f'Found new replica set "{new["metadata"]["name"]}"'
                self._progress(deployment, "FoundNewReplicaSet", text)
        deployment = self.store.get("deployments.apps", meta["namespace"], meta["name"])
        annotations = deployment["metadata"].get("annotations") or {}
        if annotations.get(REVISION) != str(revision):
            changed = with_metadata(deployment, annotations={**annotations, REVISION: str(revision)})
            self.store.replace("deployments.apps", changed, owned=True)
        return new

    def _create(self, deployment: Object, revision: int, old: Sequence[Object]) -> Object:
        meta = deployment["metadata"]
        template = copy_json(deployment["spec"]["template"])
        label = short_hash(json.dumps(_plain(template), sort_keys=True))
        template["metadata"]["labels"]["pod-template-hash"] = label
        selector = copy_json(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})["pod-template-hash"] = label
        spec = {"replicas": 0, "selector": selector, "template": template}
        if deployment["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        annotations = scaled_annotations(deployment, new_annotations(deployment, {}, revision))
        spec["replicas"] = self._room_for_new(deployment, 0, old)
        replica_set = new_object(
            "replicasets.apps", f"{meta['name']}-{label}", meta["namespace"], labels=template["metadata"]["labels"],
            annotations=annotations, owners=[owner_reference(deployment)], spec=spec, status={"replicas": 0},
        )  # fmt: skip
        created = self.store.create("replicasets.apps", replica_set, owned=True)
        name = created["metadata"]["name"]
        if spec["replicas"]:
            self.record(deployment, "ScalingReplicaSet", f"Scaled up replica set {name} to {spec['replicas']}")
        self._progress(deployment, "NewReplicaSetCreated", f'Created new replica set "{name}"')
        return created

    def _clean_up(self, deployment: Object, new: Object, old: Sequence[Object]) -> None:
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        empty = [each for each in old if not each["spec"].get("replicas") and not each["status"].get("replicas")]
        for each in sorted(empty, key=revision_of)[: max(0, len(old) - limit)]:
            self.store.remove("replicasets.apps", each["metadata"]["namespace"], each["metadata"]["name"])

    # scaling

    def _room_for_new(self, deployment: Object, current: int, old: Sequence[Object]) -> int:
        wanted = int(deployment["spec"].get("replicas", 1))
        if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
            return 0 if any(each["spec"].get("replicas") for each in old) else wanted
        surge, _ = limits(deployment)
        total: int = current + sum(each["spec"].get("replicas", 0) for each in old)
        room = wanted + surge - total
        return min(wanted, current + max(0, room))

    def _roll(self, deployment: Object, new: Object, old: Sequence[Object]) -> None:
        wanted = deployment["spec"].get("replicas", 1)
        current = new["spec"].get("replicas", 0)
        if current > wanted:
            self._scale(deployment, new, wanted)
            return
        room = self._room_for_new(deployment, current, old)
        if room > current:
            self._scale(deployment, new, room)
            return
        _, unavailable = limits(deployment)
        alive = [each for each in old if each["spec"].get("replicas")]
        new_available = new.get("status", {}).get("availableReplicas", 0)
        total = current + sum(each["spec"]["replicas"] for each in alive)
        spare = total - (wanted - unavailable) - (current - new_available)
        for each in sorted(alive, key=revision_of):
            # unhealthy old pods go first: they serve nobody
            sick = each["spec"]["replicas"] - each["status"].get("availableReplicas", 0)
            cut = min(sick, max(0, spare))
            spare -= cut
            available = sum(one["status"].get("availableReplicas", 0) for one in alive) + new_available
            healthy = min(each["spec"]["replicas"] - cut, max(0, available - (wanted - unavailable)), max(0, spare))
            spare -= healthy
            if cut + healthy:
                self._scale(deployment, each, each["spec"]["replicas"] - cut - healthy)
                return

    def _recreate(self, deployment: Object, new: Object, old: Sequence[Object]) -> None:
        for each in old:
            if each["spec"].get("replicas"):
                self._scale(deployment, each, 0)
        pods = [pod for each in old for pod in self.index.owned(each["metadata"]["uid"], "pods")]
        if not any(not is_finished(pod) for pod in pods):
            self._scale(deployment, new, deployment["spec"].get("replicas", 1))

    def _scale_paused(self, deployment: Object, new: Object | None, owned: Sequence[Object]) -> None:
        """Follow `kubectl scale` while paused: the difference goes to the newest revision that has pods."""
        active = [each for each in owned if each["spec"].get("replicas")]
        target = max(active, key=revision_of, default=new)
        if target is not None:
            others = sum(each["spec"].get("replicas", 0) for each in owned if each is not target)
            self._scale(deployment, target, max(0, deployment["spec"].get("replicas", 1) - others))

    def _scale(self, deployment: Object, replica_set: Object, replicas: int) -> None:
        before = replica_set["spec"].get("replicas", 0)
        if before == replicas:
            return
        name = replica_set["metadata"]["name"]
        annotations = scaled_annotations(deployment, replica_set["metadata"].get("annotations") or {})
        changed = with_metadata(replica_set, annotations=annotations)
        changed["spec"] = {**replica_set["spec"], "replicas": replicas}
        self.store.replace("replicasets.apps", changed, owned=True)
        way = "up" if replicas > before else "down"
        tail = f" from {before}" if self.cluster.minor >= 26 else ""
        self.record(deployment, "ScalingReplicaSet", f"Scaled {way} replica set {name} to {replicas}{tail}")

    # status

    def _progress(self, deployment: Object, reason: str, message: str) -> None:
        key = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        found = self.store.get("deployments.apps", *key)
        old = found.get("status", {}).get("conditions") or []
        new = set_condition(old, "Progressing", "True", reason, message, self.cluster.now, updates=True)
        self.store.replace("deployments.apps", with_status(found, conditions=new), owned=True)

    def _write_status(self, key: Key) -> None:
        deployment = self.store.get("deployments.apps", *key)
        owned = self.index.owned(deployment["metadata"]["uid"], "replicasets.apps")
        template = _plain(deployment["spec"]["template"])
        new = next((each for each in owned if _plain(each["spec"]["template"]) == template), None)
        status, look_again_s = deployment_status(deployment, new, owned, self.cluster.now)
        if status != deployment.get("status"):
            changed = with_status(deployment)
            changed["status"] = status
            self.store.replace("deployments.apps", changed, owned=True)
        if look_again_s is not None:
            self.again(look_again_s, key)


def _plain(template: Object) -> Object:
    """Return a pod template without what only a ReplicaSet's copy has, to compare the two."""
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != "pod-template-hash"}
    return {"labels": labels, "annotations": meta.get("annotations") or {}, "spec": template["spec"]}
