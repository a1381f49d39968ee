"""What the server fills in when the writer left it out, by kind; objects are changed in place."""

from __future__ import annotations

from collections.abc import Callable

from backends.lab.kubernetes.defaults import pods, services, workloads
from backends.lab.objects import Object

_BY_RESOURCE: dict[str, Callable[[Object], None]] = {
    "pods": pods.default_pod,
    "services": services.default_service,
    "secrets": services.default_secret,
    "namespaces": services.default_namespace,
    "persistentvolumeclaims": services.default_claim,
    "deployments.apps": workloads.default_deployment,
    "replicasets.apps": workloads.default_replica_set,
    "statefulsets.apps": workloads.default_stateful_set,
    "jobs.batch": workloads.default_job,
    "cronjobs.batch": workloads.default_cron_job,
    "horizontalpodautoscalers.autoscaling": workloads.default_autoscaler,
    "ingresses.networking.k8s.io": services.default_ingress,
    "rolebindings.rbac.authorization.k8s.io": services.default_binding,
    "clusterrolebindings.rbac.authorization.k8s.io": services.default_binding,
    "customresourcedefinitions.apiextensions.k8s.io": services.default_definition,
}


def fill_defaults(resource: str, obj: Object, minor: int) -> None:
    """Fill in a private object of a resource, named as the store does, as a server of v1.`minor` does."""
    fill = _BY_RESOURCE.get(resource)
    if fill is not None:
        fill(obj)
    if resource == "daemonsets.apps":
        workloads.default_daemon_set(obj, minor)
    if resource == "nodes" and (obj.get("spec") or {}).get("podCIDR"):
        obj["spec"].setdefault("podCIDRs", [obj["spec"]["podCIDR"]])
    if resource == "services":
        services.default_newer_service_fields(obj, minor)
