"""How far a rollout is, from the workload's own status: what `kubectl rollout status` reads, in its words.

Source: Kubernetes, "Deployment status" and the status viewers of kubectl (Deployment, StatefulSet, DaemonSet).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backends.model.diagnosis import Object
from backends.model.fields import amount, condition, mapping, text

ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds whose pods are replaced by a rollout when their template changes."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a rollout is: `text` says it; `failed` says why the workload itself has given up."""

    done: bool
    text: str
    failed: str = ""


def rollout_of(obj: Object) -> Rollout:
    """Return how far the rollout of a Deployment, StatefulSet or DaemonSet is; others are done at once."""
    read = _READERS.get(text(obj, "kind"))
    if read is None:
        return Rollout(True, "it has no rollout")
    if amount(obj, "status", "observedGeneration") < amount(obj, "metadata", "generation"):
        return Rollout(False, "waiting for its controller to see the change")
    return read(obj)


def _deployment(obj: Object) -> Rollout:
    progressing = condition(obj, "Progressing")
    wanted = amount(obj, "spec", "replicas", default=1)
    updated, total = amount(obj, "status", "updatedReplicas"), amount(obj, "status", "replicas")
    available = amount(obj, "status", "availableReplicas")
    if updated < wanted:
        said = f"{updated} of {wanted} new replicas have been updated"
    elif total > updated:
        said = f"{total - updated} old replicas are pending termination"
    elif available < updated:
        said = f"{available} of {updated} updated replicas are available"
    else:
        return Rollout(True, f"{available} of {wanted} replicas are updated and available")
    if mapping(obj, "spec").get("paused"):
        return Rollout(False, f"{said}; it is paused")
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        return Rollout(False, said, f"it exceeded its progress deadline: {said}")
    return Rollout(False, said)


def _stateful_set(obj: Object) -> Rollout:
    if text(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return Rollout(True, "its pods are updated only when they are deleted")
    wanted = amount(obj, "spec", "replicas", default=1)
    ready, updated = amount(obj, "status", "readyReplicas"), amount(obj, "status", "updatedReplicas")
    kept = amount(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    if ready < wanted:
        return Rollout(False, f"{ready} of {wanted} pods are ready")
    if kept:
        meant = max(0, wanted - kept)
        return Rollout(updated >= meant, f"{updated} of {meant} pods above its partition are updated")
    if text(obj, "status", "updateRevision") != text(obj, "status", "currentRevision"):
        return Rollout(False, f"{updated} of {wanted} pods are at the new revision")
    return Rollout(True, f"{ready} of {wanted} pods are updated and ready")


def _daemon_set(obj: Object) -> Rollout:
    if text(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return Rollout(True, "its pods are updated only when they are deleted")
    wanted = amount(obj, "status", "desiredNumberScheduled")
    updated, available = amount(obj, "status", "updatedNumberScheduled"), amount(obj, "status", "numberAvailable")
    if updated < wanted:
        return Rollout(False, f"{updated} of {wanted} new pods have been updated")
    if available < wanted:
        return Rollout(False, f"{available} of {wanted} updated pods are available")
    return Rollout(True, f"{available} of {wanted} pods are updated and available")


_READERS: dict[str, Callable[[Object], Rollout]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
}


@dataclass(frozen=True, slots=True)
class Revision:
    """A template a workload had: its number, when it was made (RFC 3339), its cause if noted, its images.

    `template` is the pod template (ReplicaSet) or the patch that restores it (ControllerRevision's data).
    """

    number: int
    made: str
    cause: str
    images: tuple[str, ...]
    template: Object


def revisions(workload: Object, owned: Sequence[Object]) -> list[Revision]:
    """Return a workload's revisions, oldest first, from its ReplicaSets or ControllerRevisions among `owned`.

    The number is the annotation `deployment.kubernetes.io/revision`, or the ControllerRevision's own.
    """
    uid = text(workload, "metadata", "uid")
    found = [_revision(each) for each in owned if uid in _owner_uids(each)]
    return sorted((each for each in found if each.number), key=lambda each: each.number)


def _owner_uids(obj: Object) -> set[str]:
    references = mapping(obj, "metadata").get("ownerReferences") or []
    return {text(each, "uid") for each in references if isinstance(each, dict)}


def _revision(obj: Object) -> Revision:
    annotations = mapping(obj, "metadata", "annotations")
    made, cause = text(obj, "metadata", "creationTimestamp"), text(annotations, "kubernetes.io/change-cause")
    if text(obj, "kind") == "ControllerRevision":
        data = mapping(obj, "data")
        return Revision(amount(obj, "revision"), made, cause, _images(mapping(data, "spec", "template")), data)
    number = text(annotations, "deployment.kubernetes.io/revision")
    template = mapping(obj, "spec", "template")
    return Revision(int(number) if number.isdigit() else 0, made, cause, _images(template), template)


def _images(template: Object) -> tuple[str, ...]:
    containers = mapping(template, "spec").get("containers") or []
    return tuple(text(each, "image") for each in containers if isinstance(each, dict))
