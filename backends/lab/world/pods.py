"""Pods as data: made from templates, asked whether they are ready, how much they want, and what their status says."""

from __future__ import annotations

from typing import Any

from backends.lab.clock import rfc3339
from backends.lab.objects import Object, copy_json
from backends.lab.quantities import quantity
from backends.lab.world.shapes import condition, new_object, owner_reference

DEFAULT_TOLERATIONS: list[Object] = [
    {
        "key": f"node.kubernetes.io/{taint}",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 300,
    }
    for taint in ("not-ready", "unreachable")
]
"""What the DefaultTolerationSeconds admission plugin gives every pod."""


def is_finished(pod: Object) -> bool:
    """Return whether the pod will never run again: Succeeded or Failed."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Object) -> bool:
    """Return whether the pod's Ready condition is True."""
    ready = condition(pod, "Ready")
    return ready is not None and ready["status"] == "True"


def ready_since(pod: Object) -> str:
    """Return when the pod became ready (metav1.Time), empty when it is not."""
    ready = condition(pod, "Ready")
    return str(ready["lastTransitionTime"]) if ready and ready["status"] == "True" else ""


def cpu_request(pod: Object) -> float:
    """Return the CPU cores a pod asks for, as the scheduler sums them."""
    return _request(pod, "cpu")


def memory_request(pod: Object) -> float:
    """Return the bytes a pod asks for."""
    return _request(pod, "memory")


def _request(pod: Object, resource: str) -> float:
    total = 0.0
    for container in pod["spec"]["containers"]:
        asked = (container.get("resources") or {}).get("requests")
        if asked and resource in asked:
            total += quantity(str(asked[resource]))
    return total


def qos_class(spec: Object) -> str:
    """Return Guaranteed, Burstable or BestEffort by the requests and limits of all containers."""
    resources = [container.get("resources") or {} for container in spec["containers"]]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    for each in resources:
        limits, requests = each.get("limits") or {}, each.get("requests") or each.get("limits") or {}
        if any(limits.get(name) is None or limits[name] != requests.get(name) for name in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def with_defaults(spec: Object) -> Object:
    """Return a pod spec with what API defaulting and admission fill in; parts that are given are shared."""
    defaults: Object = {
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": spec.get("serviceAccountName", "default"),
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    given = list(spec.get("tolerations") or ())
    tolerated = {(each.get("key"), each.get("effect")) for each in given}
    missing = [each for each in DEFAULT_TOLERATIONS if (each["key"], each["effect"]) not in tolerated]
    everything = any(each.get("operator") == "Exists" and not each.get("key") for each in given)
    return {**defaults, **spec, "tolerations": given if everything else given + missing}


def from_template(owner: Object, template: Object, **metadata: Any) -> Object:
    """Return a Pending pod of a workload's template; `name` or `generateName` and extra `labels` in metadata."""
    meta = copy_json(template.get("metadata") or {})
    meta.pop("creationTimestamp", None)
    meta["labels"] = {**(meta.get("labels") or {}), **metadata.pop("labels", {})}
    pod = new_object("pods", metadata.pop("name", ""), owner["metadata"]["namespace"])
    pod["metadata"] = {**meta, **pod["metadata"], **metadata, "ownerReferences": [owner_reference(owner)]}
    pod["spec"] = with_defaults(template["spec"])
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(template["spec"])}
    return pod


def pod_condition(kind: str, status: bool, at: float, reason: str = "", message: str = "") -> Object:
    """Return one pod condition as the kubelet writes it."""
    found: Object = {
        "type": kind,
        "status": "True" if status else "False",
        "lastProbeTime": None,
        "lastTransitionTime": rfc3339(at),
    }
    if reason:
        found |= {"reason": reason, "message": message}
    return found


def running_status(pod: Object, *, host_ip: str, pod_ip: str, at: float, container_id: str, runtime: str) -> Object:
    """Return the status of a pod whose containers all run and are ready since `at`."""
    started = rfc3339(at)
    conditions = [pod_condition(kind, True, at) for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")]
    statuses = [
        running_container(container, at, f"{runtime}://{container_id}{position:04x}")
        for position, container in enumerate(pod["spec"]["containers"])
    ]
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": host_ip,
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": started,
        "containerStatuses": statuses,
        "qosClass": pod.get("status", {}).get("qosClass") or qos_class(pod["spec"]),
    }


def running_container(container: Object, at: float, container_id: str, restarts: int = 0) -> Object:
    """Return the status of one running, ready container."""
    image = container["image"]
    return {
        "name": container["name"],
        "state": {"running": {"startedAt": rfc3339(at)}},
        "lastState": {},
        "ready": True,
        "restartCount": restarts,
        "image": image,
        "imageID": f"{image.split(':')[0]}@sha256:{container_id[-64:]:0>64}",
        "containerID": container_id,
        "started": True,
    }


def pod_address(number: int) -> str:
    """Return the nth address of the pod network 10.244.0.0/14."""
    return f"10.{244 + (number >> 16) % 4}.{number >> 8 & 255}.{number & 255}"
