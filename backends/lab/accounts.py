"""Who may ask the API servers: the administrator, one who may look everywhere, one who may scale in a namespace."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from backends.lab.kubernetes.access import Account
from backends.lab.objects import Object, ObjectStore

READER = "reader"
"""The user who may only look: bound to the ClusterRole `view` and to reading nodes."""
SCALER = "scaler"
"""The user of one namespace: a Role there lets it look at its workloads and scale them, and nothing elsewhere."""
SCALER_NAMESPACE = "default"

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]


def make_accounts() -> tuple[Account, ...]:
    """Return the accounts that come with a bearer token, each with a new one."""
    return (
        Account("admin", ("system:masters",), secrets.token_urlsafe(24)),
        Account(READER, (), secrets.token_urlsafe(24)),
        Account(SCALER, (), secrets.token_urlsafe(24)),
    )


def grant_rights(store: ObjectStore) -> None:
    """Store the roles and bindings of the reader and the scaler; the administrator needs none."""
    nodes = {"apiGroups": ["", "metrics.k8s.io"], "resources": ["nodes"], "verbs": _READ}
    store.create(f"clusterroles.{_RBAC}", _role("ClusterRole", "node-viewer", [nodes]))
    for name in ("view", "node-viewer"):
        store.create(f"clusterrolebindings.{_RBAC}", _binding(READER, f"{READER}-{name}", "ClusterRole", name))
    store.create(f"roles.{_RBAC}", _role("Role", SCALER, _scaling_rules(), SCALER_NAMESPACE))
    store.create(f"rolebindings.{_RBAC}", _binding(SCALER, SCALER, "Role", SCALER, SCALER_NAMESPACE))


def _scaling_rules() -> list[dict[str, Any]]:
    scalable = ["deployments", "replicasets", "statefulsets"]
    return [
        {
            "apiGroups": [""],
            "resources": ["pods", "pods/log", "services", "endpoints", "events", "configmaps"],
            "verbs": _READ,
        },
        {"apiGroups": ["apps"], "resources": [*scalable, "daemonsets", "controllerrevisions"], "verbs": _READ},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": _READ},
        {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": _READ},
        {
            "apiGroups": ["apps"],
            "resources": [f"{each}/scale" for each in scalable],
            "verbs": ["get", "patch", "update"],
        },
    ]


def _role(kind: str, name: str, rules: Sequence[dict[str, Any]], namespace: str = "") -> Object:
    return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": _named(name, namespace), "rules": list(rules)}


def _binding(user: str, name: str, kind: str, role: str, namespace: str = "") -> Object:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": _named(name, namespace),
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": role},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": user}],
    }


def _named(name: str, namespace: str) -> dict[str, str]:
    return {"name": name, "namespace": namespace} if namespace else {"name": name}
