"""Whole nodes, pods, controllers and budgets as an API server would send them, as small as they can be."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def a_node(
    name: str,
    *,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    labels: dict[str, str] | None = None,
    taints: list[Object] | None = None,
    cordoned: bool = False,
    ready: str = "True",
    message: str = "",
) -> Object:
    """Return a node, of the pool `linuxpool` unless its labels say otherwise."""
    spec: Object = {"taints": taints} if taints else {}
    if cordoned:
        spec["unschedulable"] = True
    condition = {"type": "Ready", "status": ready, "reason": "KubeletReady", "message": message}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "labels": {"kubernetes.io/hostname": name, "agentpool": "linuxpool"} if labels is None else labels,
        },
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}, "conditions": [condition]},
    }


def a_pod(
    name: str,
    node: str = "node-a",
    *,
    namespace: str = "default",
    owner: Object | None = None,
    cpu: str = "100m",
    phase: str = "Running",
    ready: bool = True,
    labels: dict[str, str] | None = None,
    uid: str = "",
    deleting: bool = False,
    annotations: dict[str, str] | None = None,
    finalizers: list[str] | None = None,
    **spec: Any,
) -> Object:
    """Return a pod, of nobody unless its `owner` is given; `spec` adds to its spec."""
    metadata: Object = {"name": name, "namespace": namespace, "uid": uid or f"uid-{namespace}-{name}"}
    metadata["labels"] = labels or {"app": name.partition("-")[0]}
    if owner is not None:
        kept = {"kind": owner["kind"], "apiVersion": owner["apiVersion"], "controller": True}
        metadata["ownerReferences"] = [{**kept, "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}]
    if deleting:
        metadata["deletionTimestamp"] = "2026-09-21T13:46:40Z"
    if annotations:
        metadata["annotations"] = annotations
    if finalizers:
        metadata["finalizers"] = finalizers
    container = {"name": "main", "image": "registry.example/web:v1", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": node, "containers": [container], "terminationGracePeriodSeconds": 30, **spec},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": "True" if ready and phase == "Running" else "False"}],
        },
    }


def an_owner(kind: str, name: str, *, replicas: int = 2, namespace: str = "default", above: str = "") -> Object:
    """Return a controller of pods; `above` names the Deployment that controls a ReplicaSet."""
    group = "batch/v1" if kind == "Job" else "apps/v1"
    metadata: Object = {"name": name, "namespace": namespace, "uid": f"uid-{kind}-{name}"}
    if above:
        reference = {"kind": "Deployment", "apiVersion": "apps/v1", "controller": True, "name": above, "uid": above}
        metadata["ownerReferences"] = [reference]
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": {"replicas": replicas}}


def a_budget(
    name: str, *, allowed: int = 1, healthy: int = 2, desired: int = 1, expected: int = 2, **more: Any
) -> Object:
    """Return a counted budget over the pods labelled `app=NAME`; `more` replaces parts of its spec."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "default", "generation": 1, "uid": f"uid-budget-{name}"},
        "spec": {"selector": {"matchLabels": {"app": name}}, **more},
        "status": {
            "observedGeneration": 1,
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
        },
    }
