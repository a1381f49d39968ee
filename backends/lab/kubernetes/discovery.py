"""/api, /apis and what is below them, in the old form and aggregated."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.catalog import Group, Resource
from backends.lab.kubernetes.context import ApiContext

_STORED = ("list", "watch")


def api_versions(context: ApiContext) -> dict[str, Any]:
    """The body of /api."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": context.address[0]}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def _group(group: Group) -> dict[str, Any]:
    versions = [{"groupVersion": f"{group.name}/{each}", "version": each} for each in group.versions]
    return {"name": group.name, "versions": versions, "preferredVersion": versions[0]}


def api_groups(context: ApiContext) -> dict[str, Any]:
    """The body of /apis."""
    groups = [_group(group) for group in context.served.groups() if _is_up(context, group.name)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(context: ApiContext, name: str) -> dict[str, Any] | None:
    """The body of /apis/GROUP, None when it is not served."""
    found = next((group for group in context.served.groups() if group.name == name), None)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(found)} if found else None


def _is_up(context: ApiContext, group: str) -> bool:
    return group != "metrics.k8s.io" or not context.faults.active("metrics-down")


def api_resources(context: ApiContext, group: str, version: str) -> dict[str, Any] | None:
    """The body of /api/v1 or /apis/GROUP/VERSION, None when it is not served."""
    found = [each for each in context.served.resources() if (each.group, each.version) == (group, version)]
    if not found:
        return None
    rows: list[dict[str, Any]] = []
    for resource in found:
        rows.append(_resource_row(context, resource))
        rows += _subresource_rows(resource)
    api_version = f"{group}/{version}" if group else version
    top = {"kind": "APIResourceList", "groupVersion": api_version, "resources": rows}
    return top if not group else {"kind": "APIResourceList", "apiVersion": "v1", **top}


def _resource_row(context: ApiContext, resource: Resource) -> dict[str, Any]:
    singular = resource.singular
    if not context.served.is_custom(resource) and not catalog.names_singulars(context.version):
        singular = ""
    row: dict[str, Any] = {
        "name": resource.plural,
        "singularName": singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.storage and "create" in resource.verbs and set(_STORED) <= set(resource.verbs):
        row["storageVersionHash"] = _storage_hash(resource)
    return row


def _storage_hash(resource: Resource) -> str:
    digest = hashlib.sha256(f"{resource.storage}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _subresource_rows(resource: Resource) -> list[dict[str, Any]]:
    rows = []
    for sub in resource.subresources:
        row: dict[str, Any] = {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }
        if sub.version:
            row |= {"group": sub.group, "version": sub.version}
        rows.append(row)
    return rows


# aggregated


def aggregated(context: ApiContext, version: str, *, core: bool) -> dict[str, Any]:
    """The body of /api (core) or /apis as APIGroupDiscoveryList of apidiscovery.k8s.io/`version`."""
    groups = [Group("", ("v1",))] if core else [each for each in context.served.groups() if _is_up(context, each.name)]
    resources = context.served.resources()
    items = []
    for group in groups:
        versions = [
            {
                "version": each,
                "resources": [
                    _aggregated_resource(resource)
                    for resource in resources
                    if (resource.group, resource.version) == (group.name, each)
                ],
                "freshness": "Current",
            }
            for each in group.versions
        ]
        items.append({"metadata": {"name": group.name, "creationTimestamp": None}, "versions": versions})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_resource(resource: Resource) -> dict[str, Any]:
    row: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    if resource.subresources:
        row["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {
                    "group": sub.group if sub.version else resource.group,
                    "version": sub.version or resource.version,
                    "kind": sub.kind,
                },
                "verbs": list(sub.verbs),
            }
            for sub in resource.subresources
        ]
    return row


def serves_aggregated(context: ApiContext) -> bool:
    """Tell whether this version answers aggregated discovery."""
    return catalog.serves_aggregated_discovery(context.version)
