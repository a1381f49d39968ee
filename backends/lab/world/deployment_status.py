"""What a Deployment's status says of its ReplicaSets: counts, Available and Progressing, in the controller's words."""

from __future__ import annotations

from collections.abc import Sequence

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.replicaset import parse_time
from backends.lab.world.shapes import scaled, set_condition


def deployment_status(
    deployment: Object, new: Object | None, owned: Sequence[Object], now: float
) -> tuple[Object, float | None]:
    """Return the status, and in how many seconds the progress deadline has to be looked at (None: not at all)."""
    old = deployment.get("status") or {}
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": _total(owned, "replicas"),
        "updatedReplicas": (new or {}).get("status", {}).get("replicas", 0),
        "readyReplicas": _total(owned, "readyReplicas"),
        "availableReplicas": _total(owned, "availableReplicas"),
    }
    wanted = deployment["spec"].get("replicas", 1)
    counts["unavailableReplicas"] = max(0, max(wanted, counts["replicas"]) - counts["availableReplicas"])
    conditions = _available(old.get("conditions") or [], deployment, counts["availableReplicas"], now)
    conditions, look_again_s = _progressing(conditions, deployment, new, counts, now)
    conditions = _failing(conditions, new, now)
    status: Object = {key: value for key, value in counts.items() if value or key == "observedGeneration"}
    return {**status, "conditions": conditions}, look_again_s


def _failing(conditions: Sequence[Object], new: Object | None, now: float) -> list[Object]:
    """Take over from the newest ReplicaSet that it cannot create pods."""
    failure = next(
        (each for each in (new or {}).get("status", {}).get("conditions") or () if each["type"] == "ReplicaFailure"),
        None,
    )
    if failure is None:
        return [each for each in conditions if each["type"] != "ReplicaFailure"]
    return set_condition(conditions, "ReplicaFailure", "True", failure["reason"], failure["message"], now, updates=True)


def _total(owned: Sequence[Object], field: str) -> int:
    return sum(each.get("status", {}).get(field, 0) for each in owned)


def _available(conditions: Sequence[Object], deployment: Object, available: int, now: float) -> list[Object]:
    wanted = deployment["spec"].get("replicas", 1)
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    missing = scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    if available >= wanted - missing:
        text = "Deployment has minimum availability."
        return set_condition(conditions, "Available", "True", "MinimumReplicasAvailable", text, now, updates=True)
    text = "Deployment does not have minimum availability."
    return set_condition(conditions, "Available", "False", "MinimumReplicasUnavailable", text, now, updates=True)


def _progressing(
    conditions: Sequence[Object], deployment: Object, new: Object | None, counts: dict[str, int], now: float
) -> tuple[list[Object], float | None]:
    current = next((each for each in conditions if each["type"] == "Progressing"), None)
    name = (new or {}).get("metadata", {}).get("name", deployment["metadata"]["name"])
    wanted = deployment["spec"].get("replicas", 1)
    if deployment["spec"].get("paused"):
        return _set(conditions, "Unknown", "DeploymentPaused", "Deployment is paused", now), None
    if current and current["reason"] == "DeploymentPaused":
        conditions = _set(conditions, "Unknown", "DeploymentResumed", "Deployment is resumed", now)
        current = next(each for each in conditions if each["type"] == "Progressing")
    complete = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
    if complete:
        text = f'ReplicaSet "{name}" has successfully progressed.'
        return _set(conditions, "True", "NewReplicaSetAvailable", text, now), None
    before = deployment.get("status") or {}
    moved = any(
        counts[field] > before.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    ) or counts["replicas"] < before.get("replicas", 0)
    progressing = f'ReplicaSet "{name}" is progressing.'
    if moved:
        return _touch(conditions, "ReplicaSetUpdated", progressing, now), None
    if current is None:
        return _set(conditions, "True", "ReplicaSetUpdated", progressing, now), _deadline_s(deployment)
    if current["reason"] == "NewReplicaSetAvailable":
        # a complete rollout stays so while pods come and go; only a new template starts the clock again
        return list(conditions), None
    left_s = parse_time(current["lastUpdateTime"]) + _deadline_s(deployment) - now
    if left_s <= 0:
        text = f'ReplicaSet "{name}" has timed out progressing.'
        return _set(conditions, "False", "ProgressDeadlineExceeded", text, now), None
    return list(conditions), left_s + 1


def _deadline_s(deployment: Object) -> float:
    return float(deployment["spec"].get("progressDeadlineSeconds", 600))


def _set(conditions: Sequence[Object], status: str, reason: str, message: str, now: float) -> list[Object]:
    return set_condition(conditions, "Progressing", status, reason, message, now, updates=True)


def _touch(conditions: Sequence[Object], reason: str, message: str, now: float) -> list[Object]:
    """Set Progressing and move its lastUpdateTime even when the words stay: the deadline counts from there."""
    new = _set(conditions, "True", reason, message, now)
    return [{**each, "lastUpdateTime": rfc3339(now)} if each["type"] == "Progressing" else each for each in new]
