"""Container and pod statuses as the kubelet reports them, one pure function per step of a pod's life."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.pods import pod_condition, running_container
from backends.lab.world.shapes import with_status


def waiting(reason: str, message: str = "") -> Object:
    """Return a container state: not started, or not started again yet."""
    return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}


def terminated(container: Object, exit_code: int, reason: str, at: float) -> Object:
    """Return the state of a container that ended, from its status while it ran."""
    started = container["state"].get("running", {}).get("startedAt", rfc3339(at))
    return {
        "terminated": {
            "exitCode": exit_code,
            "reason": reason,
            "startedAt": started,
            "finishedAt": rfc3339(at),
            "containerID": container.get("containerID", ""),
        }
    }


def creating(pod: Object, node: Object, at: float) -> Object:
    """Return the pod right after the kubelet took it: every container waits for ContainerCreating."""
    statuses = [
        {
            "name": container["name"],
            "state": waiting("ContainerCreating"),
            "lastState": {},
            "ready": False,
            "restartCount": 0,
            "image": container["image"],
            "imageID": "",
            "started": False,
        }
        for container in pod["spec"]["containers"]
    ]
    names = [container["name"] for container in pod["spec"]["containers"]]
    host = next((each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP"), "")
    changes: dict[str, Any] = {
        "phase": "Pending",
        "conditions": _conditions(pod, names, at),
        "hostIP": host,
        "startTime": rfc3339(at),
        "containerStatuses": statuses,
    }
    prepared = [_finished_init(container, at) for container in pod["spec"].get("initContainers") or ()]
    if prepared:
        changes["initContainerStatuses"] = prepared
    return with_status(pod, **changes)


def with_containers(pod: Object, statuses: Sequence[Object], at: float, **changes: Any) -> Object:
    """Return the pod with these container statuses and the conditions that follow from them."""
    unready = [each["name"] for each in statuses if not each["ready"]]
    conditions = _conditions(pod, unready, at)
    return with_status(pod, containerStatuses=list(statuses), conditions=conditions, **changes)


def completed(pod: Object, exit_code: int, at: float) -> Object:
    """Return the pod of a job after its containers ended for good."""
    reason = "Completed" if exit_code == 0 else "Error"
    statuses = [
        {**each, "state": terminated(each, exit_code, reason, at), "ready": False, "started": False}
        for each in pod["status"]["containerStatuses"]
    ]
    done = with_containers(pod, statuses, at, phase="Succeeded" if exit_code == 0 else "Failed")
    if exit_code == 0:
        for each in done["status"]["conditions"]:
            if each["type"] in ("Ready", "ContainersReady"):
                each["reason"] = "PodCompleted"
                each.pop("message", None)
    return done


def _conditions(pod: Object, unready: Sequence[str], at: float) -> list[Object]:
    old = {each["type"]: each for each in pod["status"].get("conditions") or ()}
    text = f"containers with unready status: [{' '.join(unready)}]"
    wanted = [
        pod_condition("Initialized", True, at),
        pod_condition("Ready", not unready, at, "ContainersNotReady" if unready else "", text),
        pod_condition("ContainersReady", not unready, at, "ContainersNotReady" if unready else "", text),
        pod_condition("PodScheduled", True, at),
    ]
    for each in wanted:
        before = old.get(each["type"])
        if before is not None and before["status"] == each["status"]:
            each["lastTransitionTime"] = before["lastTransitionTime"]
    return wanted


def _finished_init(container: Object, at: float) -> Object:
    stamp = rfc3339(at)
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": stamp, "finishedAt": stamp}
    return {
        "name": container["name"],
        "state": {"terminated": ended},
        "lastState": {},
        "ready": True,
        "restartCount": 0,
        "image": container["image"],
        "imageID": container["image"],
        "started": False,
    }


def started(container: Object, old: Object, at: float, identity: str) -> Object:
    """Return the status of a container that just started: running, not ready yet."""
    fresh = running_container(container, at, identity, old["restartCount"])
    probed = "readinessProbe" in container
    return {**fresh, "lastState": old["lastState"], "ready": not probed, "started": not probed}


def ready_after_s(container: Object) -> float:
    """Return how long after its start a container passes its readiness probe for the first time."""
    probe = container.get("readinessProbe")
    if not probe:
        return 0.0
    return float(probe.get("initialDelaySeconds", 0)) + float(probe.get("periodSeconds", 10)) / 2


def go_duration(seconds: float) -> str:
    """Return `10s`, `1m20s` as Go prints a duration."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
