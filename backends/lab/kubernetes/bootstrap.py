"""What a new cluster holds before anyone writes to it: namespaces, default roles, the API's own service."""

from __future__ import annotations

from typing import Any

from backends.lab.objects import Object, ObjectStore

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

_WORKLOADS: tuple[tuple[str, list[str]], ...] = (
    (
        "",
        [
            "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "pods/log",
            "pods/status", "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services",
            "services/status", "bindings", "events", "limitranges", "namespaces", "resourcequotas",
        ],
    ),
    (
        "apps",
        [
            "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale",
            "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets",
            "statefulsets/scale", "statefulsets/status",
        ],
    ),
    ("autoscaling", ["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    ("batch", ["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
    ("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"]),
    ("networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"]),
    ("extensions", ["ingresses", "ingresses/status"]),
    ("discovery.k8s.io", ["endpointslices"]),
    ("metrics.k8s.io", ["pods", "nodes"]),
    ("events.k8s.io", ["events"]),
)  # fmt: skip


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _view() -> list[dict[str, Any]]:
    return [_rule(group, resources, _READ) for group, resources in _WORKLOADS]


def _edit() -> list[dict[str, Any]]:
    more = ["secrets", "pods/attach", "pods/exec", "pods/portforward", "pods/eviction", "services/proxy", "pods/proxy"]
    changes = [_rule(group, resources, _WRITE) for group, resources in _WORKLOADS if "metrics" not in group]
    return [*_view(), *changes, _rule("", more, [*_READ, *_WRITE])]


def _admin() -> list[dict[str, Any]]:
    access = _rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"])
    return [*_edit(), access, _rule(_RBAC, ["rolebindings", "roles"], [*_READ, *_WRITE])]


def _role(name: str, rules: list[dict[str, Any]]) -> Object:
    meta = {"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
    return {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": meta, "rules": rules}


def _everything() -> list[dict[str, Any]]:
    return [_rule("*", ["*"], ["*"]), {"nonResourceURLs": ["*"], "verbs": ["*"]}]


def ensure_defaults(store: ObjectStore) -> None:
    """Create what is missing; what is there stays as it is."""
    for name in _NAMESPACES:
        meta = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        _ensure(
            store,
            "namespaces",
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": meta,
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            },
        )
    roles = {"admin": _admin(), "cluster-admin": _everything(), "edit": _edit(), "view": _view()}
    for name, rules in roles.items():
        _ensure(store, f"clusterroles.{_RBAC}", _role(name, rules))
    _ensure(
        store,
        f"clusterrolebindings.{_RBAC}",
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "cluster-admin", "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}},
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": "system:masters"}],
        },
    )


def _ensure(store: ObjectStore, resource: str, obj: Object) -> None:
    meta = obj["metadata"]
    if store.find(resource, meta.get("namespace", ""), meta["name"]) is None:
        store.create(resource, obj)
