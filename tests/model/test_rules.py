"""Why something is unhealthy: each rule by the object that shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.model.diagnosis import Facts, Finding
from backends.model.fleet import Severity
from backends.model.rules import diagnose
from backends.model.rules.pods import unschedulable_reasons

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC).timestamp()


def at(ago_s: float) -> str:
    return datetime.fromtimestamp(NOW - ago_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_pod(*statuses: dict[str, Any], phase: str = "Running", **parts: Any) -> dict[str, Any]:
    status = {"phase": phase, "containerStatuses": list(statuses), **parts.pop("status", {})}
    metadata = {"name": "web-0", "namespace": "default", **parts.pop("metadata", {})}
    return {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": "n0"}, "status": status, **parts}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"name": "web", "image": "reg/web:v9", "state": {"waiting": {"reason": reason, "message": message}}, **more}


def running(ready: bool, started_ago_s: float = 600, **more: Any) -> dict[str, Any]:
    return {"name": "web", "ready": ready, "state": {"running": {"startedAt": at(started_ago_s)}}, **more}


def ended(code: int, ago_s: float = 60, reason: str = "Error", **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at(ago_s), **more}}


def event(reason: str, message: str) -> dict[str, Any]:
    return {"reason": reason, "message": message, "type": "Warning", "involvedObject": {}}


def conditions(**by_type: tuple[str, str, str]) -> list[dict[str, str]]:
    return [
        {"type": kind, "status": status, "reason": reason, "message": message}
        for kind, (status, reason, message) in by_type.items()
    ]


UNSCHEDULABLE = conditions(
    PodScheduled=(
        "False",
        "Unschedulable",
        "0/6 nodes are available: 3 Insufficient cpu, 3 node(s) had untolerated taint {a: b}. preemption: 0/6 nodes",
    )
)
PODS: list[tuple[str, dict[str, Any], list[dict[str, Any]], list[str], str]] = [
    ("healthy", a_pod(running(True)), [], [], ""),
    (
        "unschedulable",
        a_pod(phase="Pending", status={"conditions": UNSCHEDULABLE}),
        [],
        ["no node takes it: 3 Insufficient cpu, 3 node(s) had untolerated taint {a: b}"],
        "lower its requests",
    ),
    (
        "no such image",
        a_pod(waiting("ImagePullBackOff", "Back-off pulling image"), phase="Pending"),
        [event("Failed", "Failed to pull image reg/web:v9: manifest unknown")],
        ["container web cannot get its image reg/web:v9"],
        "no such image or tag",
    ),
    (
        "registry refuses",
        a_pod(waiting("ErrImagePull", "401 Unauthorized"), phase="Pending"),
        [],
        ["container web cannot get its image reg/web:v9"],
        "image pull secret",
    ),
    (
        "out of memory",
        a_pod(waiting("CrashLoopBackOff", restartCount=7, lastState=ended(137, reason="OOMKilled"))),
        [],
        [
            "container web keeps crashing, 7 restarts: "
            "it needed more memory than its limit (OOMKilled, exit code 137)"
        ],
        "raise its memory limit",
    ),
    (
        "crash by exit code",
        a_pod(waiting("CrashLoopBackOff", restartCount=2, lastState=ended(127))),
        [],
        ["container web keeps crashing, 2 restarts: exit code 127, the command was not found in the image"],
        "read the log",
    ),
    (
        "crash by signal",
        a_pod(waiting("CrashLoopBackOff", restartCount=2, lastState=ended(139))),
        [],
        ["container web keeps crashing, 2 restarts: killed by SIGSEGV (exit code 139)"],
        "read the log",
    ),
    (
        "config missing",
        a_pod(waiting("CreateContainerConfigError", 'secret "db" not found')),
        [],
        ["container web cannot be configured"],
        "create the config map or secret",
    ),
    (
        "readiness",
        a_pod(running(False)),
        [event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")],
        ["container web runs but fails its readiness probe"],
        "ask the probe's path",
    ),
    ("not ready, no event", a_pod(running(False)), [], ["container web runs but is not ready for 10m"], "its log"),
    (
        "restarted lately",
        a_pod(running(True, lastState=ended(1, ago_s=300))),
        [event("Unhealthy", "Liveness probe failed: timeout")],
        ["container web was restarted 5m ago: exit code 1, the program reported an error"],
        "read the log",
    ),
    ("restarted long ago", a_pod(running(True, lastState=ended(1, ago_s=9000))), [], [], ""),
    (
        "init container",
        a_pod(
            status={
                "initContainerStatuses": [
                    {**waiting("CrashLoopBackOff", restartCount=3, lastState=ended(1)), "name": "migrate"}
                ]
            },
            phase="Pending",
        ),
        [],
        [
            "init container migrate keeps crashing, 3 restarts: exit code 1, the program reported an error: "
            "the pod cannot start before it succeeds"
        ],
        "read the log",
    ),
    (
        "volume",
        a_pod(waiting("ContainerCreating"), phase="Pending"),
        [event("FailedMount", 'MountVolume.SetUp failed: configmap "web" not found')],
        ["a volume cannot be mounted (FailedMount)"],
        "look at the claim",
    ),
    (
        "evicted",
        a_pod(phase="Failed", status={"reason": "Evicted", "message": "The node was low on resource: memory."}),
        [],
        ["evicted from its node"],
        "free the resource",
    ),
    ("node lost", a_pod(phase="Unknown"), [], ["its node n0 is lost"], "look at the node"),
    (
        "finalizers",
        a_pod(metadata={"deletionTimestamp": at(600), "finalizers": ["example.org/keep"]}),
        [],
        ["deletion waits for finalizers for 10m"],
        "find the controller",
    ),
    (
        "stuck terminating",
        a_pod(metadata={"deletionTimestamp": at(600)}),
        [],
        ["still there 10m after it should have ended"],
        "node is ready",
    ),
    ("terminating in time", a_pod(metadata={"deletionTimestamp": at(-20)}), [], [], ""),
    (
        "ended badly",
        a_pod({"name": "web", "state": ended(3)}, phase="Failed"),
        [],
        ["container web ended: exit code 3"],
        "",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("obj", "events", "texts", "todo"), [case[1:] for case in PODS], ids=[case[0] for case in PODS]
)
def test_pods(obj: dict[str, Any], events: list[dict[str, Any]], texts: list[str], todo: str) -> None:
    found = diagnose(Facts(obj, NOW, events))
    assert [finding.text for finding in found] == texts
    assert all(todo in finding.todo for finding in found[:1])


def test_evidence_is_the_servers_own_words() -> None:
    (found,) = diagnose(Facts(a_pod(waiting("CreateContainerConfigError", 'secret "db" not found')), NOW))
    assert found.evidence == 'secret "db" not found'
    assert found.severity is Severity.BAD


def test_reasons_of_the_scheduler() -> None:
    assert unschedulable_reasons("0/1 nodes are available: 1 node(s) were unschedulable.") == [
        "1 node(s) were unschedulable"
    ]
    assert unschedulable_reasons("no nodes available to schedule pods") == []


def a_node(ready: tuple[str, str, str], spec: dict[str, Any] | None = None, beat_ago_s: float = 10, **more: Any) -> Any:
    listed: list[dict[str, Any]] = list(conditions(Ready=ready, **more))
    listed[0] |= {"lastHeartbeatTime": at(beat_ago_s), "lastTransitionTime": at(300)}
    return {"kind": "Node", "metadata": {"name": "n0"}, "spec": spec or {}, "status": {"conditions": listed}}


READY = ("True", "KubeletReady", "")


@pytest.mark.parametrize(
    ("node", "texts"),
    [
        (a_node(READY), []),
        (a_node(("Unknown", "NodeStatusUnknown", "Kubelet stopped")), ["its kubelet has not been heard of for 5m"]),
        (a_node(("False", "KubeletNotReady", "cni")), ["not ready for 5m: KubeletNotReady"]),
        (a_node(READY, DiskPressure=("True", "", "")), ["runs out of disk space"]),
        (a_node(READY, DiskPressure=("False", "", "")), []),
        (a_node(READY, NetworkUnavailable=("True", "NoRoute", "")), ["its pod network is not set up"]),
        (a_node(READY, {"unschedulable": True}), ["cordoned: no new pod is placed here"]),
        (
            a_node(READY, {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}),
            ["tainted gpu=yes: new pods stay away unless they tolerate it"],
        ),
        (a_node(READY, {"taints": [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}]}), []),
        (a_node(READY, beat_ago_s=1200), ["its last heartbeat is 20m old"]),
        (a_node(READY, beat_ago_s=-300), ["its clock is 5m ahead of ours"]),
        ({"kind": "Node"}, ["its kubelet never reported"]),
    ],
)
def test_nodes(node: dict[str, Any], texts: list[str]) -> None:
    assert [finding.text for finding in diagnose(Facts(node, NOW))] == texts


def a_workload(kind: str, wanted: int, have: int, **status: Any) -> dict[str, Any]:
    counts = {"availableReplicas": have, "readyReplicas": have} if kind != "DaemonSet" else {
        "desiredNumberScheduled": wanted, "numberReady": have,
    }  # fmt: skip
    return {"kind": kind, "metadata": {"name": "web"}, "spec": {"replicas": wanted}, "status": {**counts, **status}}


QUOTA = "pods is forbidden: exceeded quota: compute"
OTHERS: list[tuple[dict[str, Any], list[str]]] = [
    (a_workload("Deployment", 2, 2), []),
    (a_workload("Deployment", 0, 0), ["wants no pods"]),
    (
        a_workload("Deployment", 2, 0, conditions=conditions(ReplicaFailure=("True", "FailedCreate", QUOTA))),
        ["its pods would exceed a quota", "0 of 2 pods are ready"],
    ),
    (
        a_workload(
            "Deployment", 2, 1, conditions=conditions(Progressing=("False", "ProgressDeadlineExceeded", "x"))
        ),
        ["its rollout does not get on", "1 of 2 pods are ready"],
    ),
    (a_workload("StatefulSet", 3, 2), ["2 of 3 pods are ready"]),
    (a_workload("DaemonSet", 3, 2, numberMisscheduled=1), [
        "ready on 2 of 3 nodes", "1 of its pods run on nodes that it should not be on"]),
    (
        {"kind": "Job", "status": {"conditions": conditions(Failed=("True", "BackoffLimitExceeded", ""))}},
        ["failed: its pods failed more often than it allows"],
    ),
    ({"kind": "Job", "status": {"failed": 2}}, ["2 of its pods failed, 6 may"]),
    ({"kind": "Job", "status": {"conditions": conditions(Complete=("True", "", ""))}}, []),
    (
        {
            "kind": "HorizontalPodAutoscaler",
            "status": {"conditions": conditions(ScalingActive=("False", "FailedGetResourceMetric", "no metrics"))},
        },
        ["does not scale: it gets no metrics"],
    ),
    (
        {
            "kind": "HorizontalPodAutoscaler",
            "metadata": {
                "annotations": {
                    "autoscaling.alpha.kubernetes.io/conditions": '[{"type":"ScalingActive","status":"False",'
                    '"reason":"FailedGetResourceMetric","message":"missing request for cpu"}]'
                }
            },
        },
        ["does not scale: containers of its target request nothing"],
    ),
    (
        {"kind": "HorizontalPodAutoscaler", "spec": {"maxReplicas": 10}, "status": {"desiredReplicas": 10}},
        ["at its maximum of 10 pods"],
    ),
    (
        {"kind": "PodDisruptionBudget", "status": {
            "disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}},
        ["lets no pod be evicted: 1 of 1 are healthy and 1 must stay"],
    ),
    ({"kind": "PodDisruptionBudget", "status": {"disruptionsAllowed": 1}}, []),
    (
        {"kind": "PersistentVolumeClaim", "metadata": {"creationTimestamp": at(600)}, "status": {"phase": "Pending"}},
        ["not bound for 10m"],
    ),
    ({"kind": "PersistentVolumeClaim", "status": {"phase": "Bound"}}, []),
    (
        {"kind": "Thing", "status": {"conditions": conditions(Ready=("False", "Broken", "it is"))}},
        ["not ready: Broken"],
    ),
    ({"kind": "Thing"}, []),
    (
        {"kind": "Namespace", "metadata": {"deletionTimestamp": at(600)}, "spec": {"finalizers": ["kubernetes"]}},
        ["deletion waits for finalizers for 10m"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "texts"), OTHERS)
def test_other_kinds(obj: dict[str, Any], texts: list[str]) -> None:
    assert [finding.text for finding in diagnose(Facts(obj, NOW))] == texts


@pytest.mark.parametrize(
    ("endpoints", "texts"),
    [
        ({}, ["no pod has its labels: nobody answers behind it"]),
        ({"subsets": [{"notReadyAddresses": [{}, {}]}]}, ["none of its 2 pods is ready: nobody answers behind it"]),
        ({"subsets": [{"addresses": [{}]}]}, []),
        (None, []),
    ],
)
def test_services(endpoints: dict[str, Any] | None, texts: list[str]) -> None:
    service = {"kind": "Service", "spec": {"type": "ClusterIP", "selector": {"app": "web"}}}
    assert [finding.text for finding in diagnose(Facts(service, NOW, endpoints=endpoints))] == texts


def test_a_workload_points_to_the_pods_that_are_the_cause_once_for_all_of_them() -> None:
    crash = waiting("CrashLoopBackOff", restartCount=2, lastState=ended(1))
    pods = [a_pod(crash, metadata={"name": f"web-{number}"}) for number in range(3)]
    found = diagnose(Facts(a_workload("Deployment", 3, 0), NOW, pods=pods))
    assert [finding.text for finding in found] == [
        "0 of 3 pods are ready",
        "pod default/web-0 and 2 more: container web keeps crashing, 2 restarts: "
        "exit code 1, the program reported an error",
    ]


@pytest.mark.parametrize("kind", ["Pod", "Node", "Deployment", "DaemonSet", "Job", "Service", "Thing"])
def test_objects_with_parts_of_the_wrong_shape_are_no_trouble(kind: str) -> None:
    shapes: list[Any] = [
        None,
        [],
        "x",
        3,
        {"conditions": "x", "containerStatuses": {"a": 1}},
        {"conditions": [None, 3]},
    ]
    for broken in shapes:
        for obj in ({"kind": kind, "status": broken}, {"kind": kind, "spec": broken}, {"kind": kind, "metadata": {}}):
            assert all(isinstance(finding, Finding) for finding in diagnose(Facts(obj, NOW)))
