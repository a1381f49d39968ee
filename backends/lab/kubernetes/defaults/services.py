"""Defaults of the remaining kinds people write: services, secrets, namespaces, claims, ingresses, bindings, CRDs."""

from __future__ import annotations

import base64
from typing import Any

from backends.lab.objects import Object

_RBAC = "rbac.authorization.k8s.io"


def default_service(obj: Object) -> None:
    """All but the cluster IP and node ports, which are allocated when it is stored."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    obj.setdefault("status", {"loadBalancer": {}})


def default_newer_service_fields(obj: Object, minor: int) -> None:
    """What servers fill in since dual-stack (1.21) and traffic policies (1.22) are on by default."""
    spec = obj["spec"]
    if spec["type"] != "ExternalName" and minor >= 21:
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] != "ExternalName" and minor >= 22:
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer" and minor >= 22:
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def default_secret(obj: Object) -> None:
    """The type, and `stringData` moved into `data`."""
    obj.setdefault("type", "Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        data = obj.setdefault("data", {})
        for key, value in plain.items():
            data[key] = base64.b64encode(str(value).encode()).decode()


def default_namespace(obj: Object) -> None:
    obj.setdefault("status", {}).setdefault("phase", "Active")


def prepare_namespace(obj: Object, minor: int) -> None:
    """What a new namespace gets in nobody's name: its finalizer and, since 1.21, its name as a label."""
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    if minor >= 21:
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def default_claim(obj: Object) -> None:
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    obj.setdefault("status", {}).setdefault("phase", "Pending")


def default_ingress(obj: Object) -> None:
    obj.setdefault("status", {"loadBalancer": {}})


def default_binding(obj: Object) -> None:
    role: dict[str, Any] = obj.setdefault("roleRef", {})
    role.setdefault("apiGroup", _RBAC)
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", _RBAC)


def default_definition(obj: Object) -> None:
    """A CRD: its names, and a status that says it is established, since it is served from now on."""
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        names.setdefault("singular", names["kind"].lower())
        names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [each["name"] for each in spec.get("versions") or () if each.get("storage") and each.get("name")]
    at = obj["metadata"].get("creationTimestamp")
    conditions = [
        {
            "type": "NamesAccepted",
            "status": "True",
            "reason": "NoConflicts",
            "message": "no conflicts found",
            "lastTransitionTime": at,
        },
        {
            "type": "Established",
            "status": "True",
            "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted",
            "lastTransitionTime": at,
        },
    ]
    obj.setdefault("status", {"conditions": conditions, "acceptedNames": names, "storedVersions": stored})
