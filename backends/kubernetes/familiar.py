"""Kinds every server offers, so that a first table need not wait for discovery (on 1.20: forty requests).

Each has been served at this version since Kubernetes 1.9 (leases since 1.14) and still is in 1.35 (deprecation guide of
the API).
"""

from __future__ import annotations

from backends.model.kinds import ResourceKind

_ALL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def _kind(group: str, resource: str, kind: str, *short: str, namespaced: bool = True) -> ResourceKind:
    return ResourceKind(group, "v1", resource, kind, namespaced, kind.lower(), short, _ALL)


PODS = _kind("", "pods", "Pod", "po")
FAMILIAR = (
    _kind("", "events", "Event", "ev"),
    _kind("", "namespaces", "Namespace", "ns", namespaced=False),
    _kind("", "nodes", "Node", "no", namespaced=False),
    PODS,
    _kind("", "services", "Service", "svc"),
    _kind("apps", "daemonsets", "DaemonSet", "ds"),
    _kind("apps", "deployments", "Deployment", "deploy"),
    _kind("apps", "replicasets", "ReplicaSet", "rs"),
    _kind("apps", "statefulsets", "StatefulSet", "sts"),
    _kind("autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa"),
    _kind("batch", "jobs", "Job"),
    _kind("coordination.k8s.io", "leases", "Lease"),
)
"""Asked for by their own names; `nodes` never means metrics.k8s.io's nodes, as in kubectl."""
