"""Persistent volumes, provided as soon as they are claimed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from backends.lab.objects import Change, Object, ObjectStore, copy_json
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.shapes import Key, is_deleting, new_object

_CLAIMS = "persistentvolumeclaims"


class VolumeBinder(Controller):
    """Gives every claim that somebody made a volume, a moment later."""

    name: ClassVar[str] = "persistentvolume-controller"
    watches: ClassVar[tuple[str, ...]] = (_CLAIMS,)

    def notice(self, change: Change) -> Iterable[Key]:
        bound = change.object["spec"].get("volumeName")
        return () if bound or change.type == "DELETED" else (key_of_change(change),)

    def reconcile(self, key: Key) -> None:
        claim = self.store.find(_CLAIMS, *key)
        if claim is None or claim["spec"].get("volumeName") or is_deleting(claim):
            return
        spec = {"storageClassName": "default", "volumeMode": "Filesystem", **claim["spec"]}
        bind_claim(self.store, {**claim, "spec": spec})
        self.record(claim, "ProvisioningSucceeded", f"Successfully provisioned volume pvc-{claim['metadata']['uid']}")


def claim_name(template: Object, pod: str) -> str:
    """Return the name of the claim a StatefulSet makes for one pod from a volumeClaimTemplate."""
    return f"{template['metadata']['name']}-{pod}"


def provide_claim(store: ObjectStore, template: Object, name: str, namespace: str, workload: Object) -> bool:
    """Make a claim of a template and its volume unless there is one; True when it was made."""
    if store.find(_CLAIMS, namespace, name) is not None:
        return False
    labels = dict(workload["spec"]["selector"].get("matchLabels") or {})
    claim = new_object(_CLAIMS, name, namespace, labels=labels, spec=copy_json(template["spec"]))
    claim["spec"].setdefault("storageClassName", "default")
    claim["spec"].setdefault("volumeMode", "Filesystem")
    claim = store.create(_CLAIMS, claim, owned=True)
    bind_claim(store, claim)
    return True


def bind_claim(store: ObjectStore, claim: Object) -> None:
    """Make the volume of a claim and bind the two."""
    meta, spec = claim["metadata"], claim["spec"]
    volume_name = f"pvc-{meta['uid']}"
    capacity = {"storage": spec["resources"]["requests"]["storage"]}
    reference = {"kind": "PersistentVolumeClaim", "namespace": meta["namespace"], "name": meta["name"]}
    volume = new_object(
        "persistentvolumes",
        volume_name,
        spec={
            "capacity": capacity,
            "accessModes": spec["accessModes"],
            "claimRef": {**reference, "uid": meta["uid"], "apiVersion": "v1"},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec["storageClassName"],
            "volumeMode": "Filesystem",
            "csi": {"driver": "disk.csi.azure.com", "volumeHandle": volume_name, "fsType": "ext4"},
        },
        status={"phase": "Bound"},
    )
    store.create("persistentvolumes", volume, owned=True)
    bound = {
        **claim,
        "metadata": {**meta, "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {**spec, "volumeName": volume_name},
        "status": {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": capacity},
    }
    store.replace(_CLAIMS, bound, owned=True)
