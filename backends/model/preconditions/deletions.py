"""Rules about deleting an object: what goes along with it, what makes it again, what never comes back."""

from __future__ import annotations

from backends.model.change import Target
from backends.model.diagnosis import Object
from backends.model.fields import amount, items, text
from backends.model.proposal import Finding, Level

FAR_REACHING = "far-reaching"
MADE_AGAIN = "made-again"
NO_GRACE = "no-grace"
FINALIZERS = "finalizers"

_TAKES_ALONG = {
    "Namespace": "everything in it is deleted too, and cannot be brought back",
    "Node": "its pods are lost with it; the machine stays, unknown to the cluster",
    "CustomResourceDefinition": "every object of this kind is deleted too, on the whole stamp",
    "PersistentVolume": "the data on it may be deleted with it",
    "PersistentVolumeClaim": "the data of its volume may be deleted with it",
    "StorageClass": "claims of this class can no longer be bound",
}
_STOPS_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob")


def deletion_findings(
    obj: Object, target: Target, stamp: str, propagation: str = "Background", grace_s: int | None = None
) -> list[Finding]:
    """Return what speaks against deleting an object.

    What takes other things along, or data, refuses; so does a workload whose pods would stop for good. What its
    owner makes again passes.
    """
    kind = text(obj, "kind")
    found = []
    owner = next(iter(items(obj, "metadata", "ownerReferences")), None)
    if kind in _TAKES_ALONG:
        found.append(Finding(FAR_REACHING, Level.REFUSE, f"{target}: {_TAKES_ALONG[kind]}", stamp))
    elif kind in _STOPS_PODS and owner is None:
        found.append(_stops(obj, target, stamp, propagation))
    if owner is not None:
        said = f"its {text(owner, 'kind')} {text(owner, 'name')} makes another in its place"
        found.append(Finding(MADE_AGAIN, Level.PASS, said, stamp))
    elif kind == "Pod":
        said = f"nothing makes {target} again: it has no owner"
        found.append(Finding(MADE_AGAIN, Level.REFUSE, said, stamp))
    if grace_s == 0:
        said = "no grace period: it is forgotten at once, its processes may still run"
        found.append(Finding(NO_GRACE, Level.REFUSE, said, stamp))
    held = [str(each) for each in (obj.get("metadata") or {}).get("finalizers") or ()]
    if held:
        found.append(Finding(FINALIZERS, Level.WARN, f"it stays until {', '.join(held)} let it go", stamp))
    return found


def _stops(obj: Object, target: Target, stamp: str, propagation: str) -> Finding:
    if propagation == "Orphan":
        return Finding(FAR_REACHING, Level.WARN, f"the pods of {target} stay, and nothing looks after them", stamp)
    pods = amount(obj, "status", "replicas") or amount(obj, "status", "currentNumberScheduled")
    if not pods:
        return Finding(FAR_REACHING, Level.WARN, f"nothing makes {target} again", stamp)
    return Finding(FAR_REACHING, Level.REFUSE, f"the {pods} pods of {target} stop, and nothing makes them again", stamp)
