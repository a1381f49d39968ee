"""Which pods are behind an object, as the API can be asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.model.selector import selector_text

_SELECTING = frozenset(
    {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Service"}
    | {"PodDisruptionBudget", "NetworkPolicy"}
)


@dataclass(frozen=True, slots=True)
class PodScope:
    """A question for pods: in one namespace (None: all), by labels, by fields."""

    namespace: str | None
    selector: str = ""
    field_selector: str = ""


def scope_of(obj: Mapping[str, Any]) -> PodScope | None:
    """Return how to ask for the pods behind a whole object, or None when its kind has none."""
    kind, metadata = obj.get("kind", ""), obj.get("metadata") or {}
    name, namespace = str(metadata.get("name", "")), metadata.get("namespace")
    spec = obj.get("spec") or {}
    if kind == "Node":
        return PodScope(None, field_selector=f"spec.nodeName={name}")
    if kind == "Pod":
        return PodScope(namespace, field_selector=f"metadata.name={name}")
    if kind == "Namespace":
        return PodScope(name)
    if kind == "HorizontalPodAutoscaler":
        selector = str((obj.get("status") or {}).get("selector", ""))
        return PodScope(namespace, selector) if selector else None
    if kind not in _SELECTING:
        return None
    selector = selector_text(spec.get("podSelector" if kind == "NetworkPolicy" else "selector"))
    return PodScope(namespace, selector) if selector else None
