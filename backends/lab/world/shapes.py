"""Small pure functions on Kubernetes objects: keys, owners, conditions, selectors, copies that share what is equal."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from backends.lab.clock import rfc3339
from backends.lab.objects import Object

Key = tuple[str, str]
"""Namespace ("" when cluster-wide) and name."""

KINDS: Mapping[str, tuple[str, str]] = {
    "pods": ("v1", "Pod"),
    "nodes": ("v1", "Node"),
    "namespaces": ("v1", "Namespace"),
    "services": ("v1", "Service"),
    "endpoints": ("v1", "Endpoints"),
    "configmaps": ("v1", "ConfigMap"),
    "secrets": ("v1", "Secret"),
    "serviceaccounts": ("v1", "ServiceAccount"),
    "persistentvolumes": ("v1", "PersistentVolume"),
    "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"),
    "events": ("v1", "Event"),
    "deployments.apps": ("apps/v1", "Deployment"),
    "replicasets.apps": ("apps/v1", "ReplicaSet"),
    "statefulsets.apps": ("apps/v1", "StatefulSet"),
    "daemonsets.apps": ("apps/v1", "DaemonSet"),
    "controllerrevisions.apps": ("apps/v1", "ControllerRevision"),
    "jobs.batch": ("batch/v1", "Job"),
    "cronjobs.batch": ("batch/v1", "CronJob"),
    "horizontalpodautoscalers.autoscaling": ("autoscaling/v2", "HorizontalPodAutoscaler"),
    "poddisruptionbudgets.policy": ("policy/v1", "PodDisruptionBudget"),
    "ingresses.networking.k8s.io": ("networking.k8s.io/v1", "Ingress"),
    "ingressclasses.networking.k8s.io": ("networking.k8s.io/v1", "IngressClass"),
    "endpointslices.discovery.k8s.io": ("discovery.k8s.io/v1", "EndpointSlice"),
    "leases.coordination.k8s.io": ("coordination.k8s.io/v1", "Lease"),
    "storageclasses.storage.k8s.io": ("storage.k8s.io/v1", "StorageClass"),
}
"""apiVersion and kind of what the world itself creates, as stored."""

_HASH_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def new_object(resource: str, name: str, namespace: str = "", **parts: Any) -> Object:
    """Return an object with apiVersion, kind and metadata; `labels`, `annotations`, `owners` go into the metadata."""
    version, kind = KINDS[resource]
    meta: Object = {"name": name}
    if namespace:
        meta["namespace"] = namespace
    for part, place in (("labels", "labels"), ("annotations", "annotations"), ("owners", "ownerReferences")):
        if parts.get(part):
            meta[place] = parts[part]
        parts.pop(part, None)
    if "created" in parts:
        meta["creationTimestamp"] = parts.pop("created")
    return {"kind": kind, "apiVersion": version, "metadata": meta, **parts}


def key_of(obj: Object) -> Key:
    """Return the namespace and name of an object."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def with_status(obj: Object, **changes: Any) -> Object:
    """Return a copy with parts of its status replaced; all else is shared with the original."""
    return {**obj, "metadata": dict(obj["metadata"]), "status": {**obj.get("status", {}), **changes}}


def with_metadata(obj: Object, **changes: Any) -> Object:
    """Return a copy with parts of its metadata replaced; None takes a part away."""
    meta = {**obj["metadata"], **changes}
    return {**obj, "metadata": {key: value for key, value in meta.items() if value is not None}}


def owner_reference(owner: Object, *, controller: bool = True) -> Object:
    """Return the ownerReference that makes `owner` the controller of an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": controller,
        "blockOwnerDeletion": controller,
    }


def controller_of(obj: Object) -> Object | None:
    """Return the ownerReference marked as controller."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: Object = reference
            return found
    return None


def is_deleting(obj: Object) -> bool:
    """Return whether a deletion was asked for and is being carried out."""
    return "deletionTimestamp" in obj["metadata"]


def condition(obj: Object, kind: str) -> Object | None:
    """Return the condition of that type."""
    for each in obj.get("status", {}).get("conditions") or ():
        if each["type"] == kind:
            found: Object = each
            return found
    return None


def set_condition(
    conditions: Sequence[Object],
    kind: str,
    status: str,
    reason: str,
    message: str,
    now: float,
    *,
    updates: bool = False,
) -> list[Object]:
    """Return the conditions with one set; lastTransitionTime moves only with the status.

    `updates` is for Deployments: theirs carry lastUpdateTime, which moves with reason or message, and the
    condition that changed last comes last.
    """
    stamp = rfc3339(now)
    old = next((each for each in conditions if each["type"] == kind), None)
    if old and (old["status"], old.get("reason"), old.get("message")) == (status, reason, message):
        return list(conditions)
    new: Object = {"type": kind, "status": status}
    if updates:
        new["lastUpdateTime"] = stamp
    new["lastTransitionTime"] = old["lastTransitionTime"] if old and old["status"] == status else stamp
    new |= {"reason": reason, "message": message}
    if old is None or updates:
        return [*(each for each in conditions if each is not old), new]
    return [new if each is old else each for each in conditions]


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str] | None) -> bool:
    """Return whether a LabelSelector (matchLabels, matchExpressions) selects these labels; an empty one selects all."""
    if selector is None:
        return False
    labels = labels or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    return all(_meets(each, labels) for each in selector.get("matchExpressions") or ())


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = requirement["key"], requirement["operator"], requirement.get("values") or [""]
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    if operator in ("Gt", "Lt") and key in labels:
        have, want = int(labels[key]), int(values[0])
        return have > want if operator == "Gt" else have < want
    return False


def scaled(value: Any, total: int, *, up: bool) -> int:
    """Return an int-or-percent such as `25%` of `total`, rounded up or down, as apimachinery's intstr does."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    product = int(text[:-1]) * total
    return -(-product // 100) if up else product // 100


def short_hash(text: str, length: int = 10) -> str:
    """Return a stable name suffix in Kubernetes' alphabet, as pod-template-hash looks."""
    number = zlib.crc32(text.encode()) << 32 | zlib.adler32(text.encode()[::-1])
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_HASH_ALPHABET))
        letters.append(_HASH_ALPHABET[rest])
    return "".join(letters)
