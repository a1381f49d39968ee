"""Deterministic rules that say why an object is unhealthy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backends.model.diagnosis import Facts, Finding
from backends.model.fields import text
from backends.model.fleet import Severity
from backends.model.rules.nodes import diagnose_node
from backends.model.rules.others import (
    diagnose_any,
    diagnose_autoscaler,
    diagnose_budget,
    diagnose_claim,
    diagnose_deletion,
    diagnose_service,
)
from backends.model.rules.pods import diagnose_pod
from backends.model.rules.workloads import diagnose_daemonset, diagnose_deployment, diagnose_job, diagnose_replicas

Rule = Callable[[Facts], Iterator[Finding]]

_RULES: dict[str, Rule] = {
    "Pod": diagnose_pod,
    "Node": diagnose_node,
    "Deployment": diagnose_deployment,
    "ReplicaSet": diagnose_replicas,
    "ReplicationController": diagnose_replicas,
    "StatefulSet": diagnose_replicas,
    "DaemonSet": diagnose_daemonset,
    "Job": diagnose_job,
    "HorizontalPodAutoscaler": diagnose_autoscaler,
    "Service": diagnose_service,
    "PodDisruptionBudget": diagnose_budget,
    "PersistentVolumeClaim": diagnose_claim,
}
_LOUDEST = (Severity.BAD, Severity.WARNING, Severity.INFO, Severity.GOOD)


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Return what is wrong with an object of any kind, the worst first; empty when nothing is known to be."""
    kind = text(facts.obj, "kind")
    found = list(_RULES.get(kind, diagnose_any)(facts))
    if kind != "Pod":  # a pod ends by its grace period, and has its own rule
        found += diagnose_deletion(facts)
    found = list(dict.fromkeys(found))
    return tuple(sorted(found, key=lambda finding: _LOUDEST.index(finding.severity)))
