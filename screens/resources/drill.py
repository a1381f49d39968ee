"""Where Enter, the log keys and the node key lead from a row: pure rules by kind."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.table import Column, Row
from screens.places import ContainersPlace, DetailPlace, LogsPlace, Place, ResourcesPlace

WITH_PODS = frozenset({"deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "services", "nodes"})
"""Kinds whose Enter shows their pods: a selector has to be asked for first."""
WITH_LOGS = {
    "pods": "pod",
    "deployments": "deployment",
    "statefulsets": "statefulset",
    "daemonsets": "daemonset",
    "replicasets": "replicaset",
    "jobs": "job",
    "services": "service",
}


def plural_of(kind: str) -> str:
    """Return `deployments` of `deployments.apps`."""
    return kind.partition(".")[0]


def drill_place(kind: str, row: Row, stamps: tuple[str, ...]) -> Place | None:
    """Return where Enter leads, or None when the pods behind the row have to be asked for."""
    plural = plural_of(kind)
    if plural == "pods":
        return ContainersPlace(row.stamp, row.namespace, row.name)
    if plural == "namespaces":
        return ResourcesPlace("pods", stamps, row.name)
    if plural == "customresourcedefinitions":
        return ResourcesPlace(row.name, stamps)
    if plural in WITH_PODS:
        return None
    return detail_place(kind, row)


def detail_place(kind: str, row: Row, *, yaml: bool = False) -> DetailPlace:
    """Return the description of a row's object."""
    return DetailPlace(row.stamp, kind, row.name, row.namespace or None, yaml=yaml)


def logs_place(kind: str, row: Row, *, previous: bool = False) -> LogsPlace | None:
    """Return the logs behind a row, or None when its kind has none."""
    target = WITH_LOGS.get(plural_of(kind))
    if target is None:
        return None
    return LogsPlace((row.stamp,), row.namespace, f"{target}/{row.name}", previous=previous)


def owner_place(row: Row) -> DetailPlace | None:
    """Return the description of a row's controlling owner, or None when it has none."""
    kind, slash, name = row.owner.partition("/")
    return DetailPlace(row.stamp, kind.lower(), name, row.namespace or None) if slash else None


def node_place(columns: Sequence[Column], row: Row) -> ResourcesPlace | None:
    """Return the node a pod runs on, or None when the row names none."""
    for column, value in zip(columns, row.cells, strict=False):
        if column.name.lower() == "node" and value and value != "<none>":
            return ResourcesPlace("nodes", (row.stamp,), field_selector=f"metadata.name={value}", of=row.name)
    return None
