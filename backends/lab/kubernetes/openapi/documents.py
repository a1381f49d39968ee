"""Whole OpenAPI documents: one of version 2 for everything, one of version 3 for each group version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.openapi.definitions import V2, V3, Dialect, Schema, definitions, list_definition
from backends.lab.kubernetes.openapi.packages import definition_name, find_kind
from backends.lab.kubernetes.openapi.paths import paths
from backends.lab.kubernetes.openapi.schema import META, Type, package

CustomSchemas = Mapping[tuple[str, str, str], Schema]
"""openAPIV3Schema of custom resources by (group, version, kind)."""


def group_versions(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    """Return resources by the path of their group version, `api/v1` or `apis/apps/v1`, in the server's order."""
    found: dict[str, list[Resource]] = {}
    for resource in resources:
        path = f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"
        found.setdefault(path, []).append(resource)
    return found


def version_2(resources: Sequence[Resource], version: str, custom: CustomSchemas) -> dict[str, Any]:
    """Return the OpenAPI 2 document of a server."""
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths(resources, 2),
        "definitions": _schemas(resources, V2, custom),
    }


def version_3(resources: Sequence[Resource], version: str, custom: CustomSchemas) -> dict[str, Any]:
    """Return the OpenAPI 3 document of the resources of one group version."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": paths(resources, 3),
        "components": {"schemas": _schemas(resources, V3, custom)},
    }


def _schemas(resources: Sequence[Resource], dialect: Dialect, custom: CustomSchemas) -> dict[str, Schema]:
    served: dict[str, tuple[Type, list[Schema]]] = {}
    found: dict[str, Schema] = {}
    listed: list[tuple[str, Resource]] = []
    for resource in resources:
        for group, version, kind in _kinds(resource):
            known = find_kind(group, version, kind)
            if known is not None:
                entry = served.setdefault(known.reference, (known, []))[1]
                gvk = {"group": group, "version": version, "kind": kind}
                if gvk not in entry:
                    entry.append(gvk)
                if kind == resource.kind and "list" in resource.verbs:
                    listed.append((definition_name(known), resource))
            elif (group, version, kind) in custom:
                name = _custom_name(resource)
                found[name] = _custom_definition(custom[group, version, kind], resource, dialect)
                listed.append((name, resource))
    shared = [(package(META)[name], ()) for name in ("ListMeta", "ObjectMeta", "DeleteOptions", "Status")]
    found = {**definitions([*served.values(), *shared], dialect), **found}
    for item, resource in listed:
        gvk = {"group": resource.group, "version": resource.version, "kind": resource.list_kind}
        found[f"{item}List"] = list_definition(item, resource.kind, [gvk], dialect)
    return dict(sorted(found.items()))


def _kinds(resource: Resource) -> Iterable[tuple[str, str, str]]:
    """Yield group, version and kind of a resource and of its subresources."""
    yield resource.group, resource.version, resource.kind
    for each in resource.subresources:
        yield each.group or resource.group, each.version or resource.version, each.kind


def _custom_name(resource: Resource) -> str:
    return ".".join([*reversed(resource.group.split(".")), resource.version, resource.kind])


def _custom_definition(schema: Schema, resource: Resource, dialect: Dialect) -> Schema:
    meta = dialect.reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "Name, labels and the like.")
    text = {"type": "string"}
    properties = {"apiVersion": text, "kind": text, **(schema.get("properties") or {}), "metadata": meta}
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {**schema, "type": "object", "properties": properties, "x-kubernetes-group-version-kind": [gvk]}
