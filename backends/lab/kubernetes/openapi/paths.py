"""The `paths` part of OpenAPI documents: which operations there are, on what, with which parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backends.lab.kubernetes.catalog import Resource

_DRY_RUN = ("dryRun", "string", "With `All`, nothing is stored.")
_FIELD_MANAGER = ("fieldManager", "string", "Who makes the change, for the record of field ownership.")
_VALIDATION = ("fieldValidation", "string", "What to do with unknown fields: Ignore, Warn or Strict.")
_FORCE = ("force", "boolean", "Take over fields that others own, in an apply patch.")
_LISTING = (
    ("labelSelector", "string", "Only objects whose labels match."),
    ("fieldSelector", "string", "Only objects whose fields match."),
    ("limit", "integer", "Most objects in one answer."),
    ("continue", "string", "Where the answer before left off."),
    ("resourceVersion", "string", "State of the server the answer must be at or after."),
    ("watch", "boolean", "Follow changes instead of listing."),
    ("timeoutSeconds", "integer", "How long a watch may last."),
)
_WRITES = (_DRY_RUN, _FIELD_MANAGER, _VALIDATION)
_PARAMETERS = {
    "list": _LISTING,
    "post": _WRITES,
    "put": _WRITES,
    "patch": (*_WRITES, _FORCE),
    "delete": (_DRY_RUN,),
    "deletecollection": (_DRY_RUN, *_LISTING),
}
_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
            "application/apply-patch+yaml")  # fmt: skip


def paths(resources: Iterable[Resource], version: int) -> dict[str, Any]:
    """Return the path items of resources for OpenAPI version 2 or 3."""
    found: dict[str, Any] = {}
    for resource in resources:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        collection = f"{root}{scope}/{resource.plural}"
        methods = {"get": "list", "post": "create", "delete": "deletecollection"}
        found[collection] = _item(resource, methods, version, scope)
        if {"get", "patch", "update", "delete"} & set(resource.verbs):
            methods = {"get": "get", "put": "update", "patch": "patch", "delete": "delete"}
            found[f"{collection}/{{name}}"] = _item(resource, methods, version, scope, named=True)
    return {path: item for path, item in sorted(found.items()) if item}


def _item(
    resource: Resource, methods: dict[str, str], version: int, scope: str, *, named: bool = False
) -> dict[str, Any]:
    item: dict[str, Any] = {
        method: _operation(resource, method, verb, version)
        for method, verb in methods.items()
        if verb in resource.verbs
    }
    if item:
        names = (["name"] if named else []) + (["namespace"] if scope else [])
        item["parameters"] = [_parameter(name, "string", "", version, "path") for name in names]
    return item


def _operation(resource: Resource, method: str, verb: str, version: int) -> dict[str, Any]:
    kind = verb if verb in ("list", "deletecollection") else method
    action = {"create": "post", "update": "put"}.get(verb, verb)
    operation: dict[str, Any] = {
        "operationId": f"{verb}{resource.kind}",
        "description": f"{verb} {resource.kind} objects" if kind != method else f"{verb} one {resource.kind}",
        "parameters": [_parameter(*each, version, "query") for each in _PARAMETERS.get(kind, ())],
        "responses": {"200": {"description": "OK"}, "401": {"description": "Unauthorized"}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        },
    }
    if version == 2 and method == "patch":
        operation["consumes"] = list(_PATCHES)
    if version == 3 and method in ("post", "put", "patch"):
        media = _PATCHES if method == "patch" else ("*/*",)
        operation["requestBody"] = {
            "content": {each: {"schema": {"type": "object"}} for each in media},
            "required": True,
        }
    return operation


def _parameter(name: str, kind: str, text: str, version: int, where: str) -> dict[str, Any]:
    typed = {"type": kind} if version == 2 else {"schema": {"type": kind}}
    needed = {"required": True} if where == "path" else {}
    described = {"description": text} if text else {}
    return {"name": name, "in": where, "uniqueItems": True, **typed, **needed, **described} if version == 2 else {
        "name": name, "in": where, **typed, **needed, **described
    }  # fmt: skip
