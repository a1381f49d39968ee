"""The APIService objects that say who answers for each group version: the server itself, or metrics-server."""

from __future__ import annotations

from backends.lab.clock import rfc3339
from backends.lab.kubernetes import catalog
from backends.lab.objects import Object, ObjectStore

RESOURCE = "apiservices.apiregistration.k8s.io"
METRICS = "v1beta1.metrics.k8s.io"

# kube-apiserver's apiVersionPriorities; versions other than v1 of a group come after it.
_GROUP_PRIORITIES = {
    "": 18000, "extensions": 17150, "apps": 17800, "events.k8s.io": 17750, "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600, "autoscaling": 17500, "batch": 17400, "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200, "policy": 17100, "rbac.authorization.k8s.io": 17000, "storage.k8s.io": 16800,
    "apiextensions.k8s.io": 16700, "admissionregistration.k8s.io": 16700, "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500, "node.k8s.io": 16300, "discovery.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100, "internal.apiserver.k8s.io": 16000, "resource.k8s.io": 15900,
}  # fmt: skip


def ensure_api_services(store: ObjectStore, version: str) -> None:
    """Create what is missing for a server of `version`; the group of APIServices itself has none, as really."""
    groups = [("", ("v1",)), *((group.name, group.versions) for group in catalog.groups(version))]
    for group, versions in groups:
        for api_version in versions:
            name = f"{api_version}.{group}"
            if group != "apiregistration.k8s.io" and store.find(RESOURCE, "", name) is None:
                store.create(RESOURCE, _api_service(store, name, group, api_version), owned=True)


def set_metrics_available(store: ObjectStore, available: bool) -> None:
    """Note in the APIService of metrics-server whether it answers."""
    if store.find(RESOURCE, "", METRICS) is not None:
        condition = _passed(store) if available else _failed(store)
        store.change(RESOURCE, "", METRICS, lambda obj: obj.update(status={"conditions": [condition]}))


def _api_service(store: ObjectStore, name: str, group: str, version: str) -> Object:
    spec: Object = {"groupPriorityMinimum": _GROUP_PRIORITIES.get(group, 1000)}
    spec |= {"group": group} if group else {}
    spec |= {"version": version, "versionPriority": 15 if version == "v1" else 9}
    meta: Object = {"name": name, "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"}}
    condition = _condition(store, "True", "Local", "Local APIServices are always available")
    if name == METRICS:
        meta["labels"] = {"k8s-app": "metrics-server", "addonmanager.kubernetes.io/mode": "EnsureExists"}
        spec |= {"groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": True}
        spec["service"] = {"name": "metrics-server", "namespace": "kube-system", "port": 443}
        condition = _passed(store)
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": meta,
        "spec": spec,
        "status": {"conditions": [condition]},
    }


def _passed(store: ObjectStore) -> Object:
    return _condition(store, "True", "Passed", "all checks passed")


def _failed(store: ObjectStore) -> Object:
    text = 'endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"'
    return _condition(store, "False", "MissingEndpoints", text)


def _condition(store: ObjectStore, status: str, reason: str, message: str) -> Object:
    at = rfc3339(store.clock.now())
    return {"lastTransitionTime": at, "message": message, "reason": reason, "status": status, "type": "Available"}
