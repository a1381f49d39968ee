"""The kinds every cluster has, for completion without asking one."""

from __future__ import annotations

import click

COMMON_KINDS = (
    "pods", "nodes", "deployments", "statefulsets", "daemonsets", "replicasets", "services", "ingresses", "events",
    "horizontalpodautoscalers", "jobs", "cronjobs", "configmaps", "secrets", "namespaces", "persistentvolumeclaims",
    "persistentvolumes", "storageclasses", "endpoints", "endpointslices", "poddisruptionbudgets", "networkpolicies",
    "serviceaccounts", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "resourcequotas", "limitranges",
    "leases", "customresourcedefinitions", "apiservices", "componentstatuses",
)  # fmt: skip
WITH_LOGS = ("pod", "deployment", "statefulset", "daemonset", "replicaset", "job", "service")


def complete_kinds(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the plural of a kind."""
    return [kind for kind in COMMON_KINDS if kind.startswith(incomplete)]


def complete_targets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the kind of a log target: `deployment/`."""
    return [f"{kind}/" for kind in WITH_LOGS if kind.startswith(incomplete)]
