"""What a Deployment's controller writes into the annotations of ReplicaSets: revisions, what is wanted, copies.

Source: pkg/controller/deployment/util/deployment_util.go of Kubernetes.
"""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.shapes import scaled

REVISION = "deployment.kubernetes.io/revision"
_HISTORY = f"{REVISION}-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_COPIED_NOT = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    *(REVISION, _HISTORY, _DESIRED, _MOST),
}


def revision_of(replica_set: Object | None) -> int:
    """Return the revision a ReplicaSet (or Deployment) carries, 0 for none."""
    annotations = (replica_set or {}).get("metadata", {}).get("annotations") or {}
    return int(annotations.get(REVISION, 0))


def limits(deployment: Object) -> tuple[int, int]:
    """Return how many pods may be surplus and how many may be missing during a rolling update."""
    if deployment["spec"].get("strategy", {}).get("type") == "Recreate":
        return 0, 0
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    wanted = deployment["spec"].get("replicas", 1)
    surge = scaled(rolling.get("maxSurge", "25%"), wanted, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    return surge, unavailable if surge or unavailable else 1


def new_annotations(deployment: Object, held: dict[str, str], revision: int) -> dict[str, str]:
    """Return the annotations of the newest ReplicaSet: the Deployment's, and every revision it has been."""
    found = {**held, **_copied(deployment)}
    before = int(held.get(REVISION, 0))
    if before != revision:
        found[REVISION] = str(revision)
        if before:
            found[_HISTORY] = ",".join(filter(None, (held.get(_HISTORY, ""), str(before))))
    return found


def scaled_annotations(deployment: Object, held: dict[str, str]) -> dict[str, str]:
    """Return annotations that say what was wanted when a ReplicaSet was scaled the last time."""
    wanted = int(deployment["spec"].get("replicas", 1))
    return {**held, _DESIRED: str(wanted), _MOST: str(wanted + limits(deployment)[0])}


def _copied(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _COPIED_NOT}
