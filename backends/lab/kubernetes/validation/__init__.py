"""What the server refuses with 422, in its words, for the kinds and mistakes that operators meet."""

from __future__ import annotations

from collections.abc import Callable

from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation import others, workloads
from backends.lab.kubernetes.validation.causes import go_value, required, unsupported, wrong
from backends.lab.kubernetes.validation.metadata import validate_metadata
from backends.lab.kubernetes.validation.pods import pod_causes
from backends.lab.objects import Object

__all__ = ["go_value", "required", "unsupported", "validate", "validate_metadata", "wrong"]

_BY_RESOURCE: dict[str, Callable[[Object], list[Cause]]] = {
    "pods": pod_causes,
    "deployments.apps": workloads.deployment_causes,
    "replicasets.apps": workloads.replica_set_causes,
    "statefulsets.apps": workloads.stateful_set_causes,
    "daemonsets.apps": workloads.daemon_set_causes,
    "jobs.batch": workloads.job_causes,
    "services": others.service_causes,
    "horizontalpodautoscalers.autoscaling": others.autoscaler_causes,
    "poddisruptionbudgets.policy": others.budget_causes,
    "leases.coordination.k8s.io": others.lease_causes,
    "nodes": others.node_causes,
    "resourcequotas": others.quota_causes,
    "customresourcedefinitions.apiextensions.k8s.io": others.definition_causes,
}


def validate(resource: str, obj: Object) -> list[Cause]:
    """Return what is wrong with a new object, defaults filled in."""
    causes = validate_metadata(resource, obj["metadata"])
    check = _BY_RESOURCE.get(resource)
    return causes + check(obj) if check is not None else causes
