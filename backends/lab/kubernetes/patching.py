"""PATCH of an object or of its status, in the four forms."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import yaml
from aiohttp import web

from backends.lab.kubernetes.bodies import checked_kind, patch_refused, read_raw
from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.decoding import Undecodable
from backends.lab.kubernetes.patches.apply import apply
from backends.lab.kubernetes.patches.json_patch import apply_json_patch
from backends.lab.kubernetes.patches.merge import merge
from backends.lab.kubernetes.patches.strategic import strategic_merge
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.statuses import ApiError, Cause, bad_request, invalid
from backends.lab.kubernetes.validation import wrong
from backends.lab.kubernetes.writing import Write
from backends.lab.objects import Object

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_ALL = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


async def read_patch(request: web.Request) -> Any:
    """Return the decoded patch; 415 when the content type is none of the four."""
    if request.content_type not in _ALL:
        raise patch_refused()
    raw = await read_raw(request)
    try:
        return yaml.safe_load(raw) if request.content_type == APPLY_PATCH else msgspec.json.decode(raw)
    except msgspec.DecodeError:
        if request.content_type == JSON_PATCH:
            raise bad_request("error decoding patch: unexpected end of JSON input") from None
        raise ApiError(500, "", "Invalid JSON Patch") from None
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding YAML: {error}") from None


def patched(target: Object, patch: Any, write: Write) -> Object:
    """Return the target with a patch of the request's content type applied (not apply)."""
    media = write.request.content_type
    if media == JSON_PATCH:
        result = apply_json_patch(target, patch)
    elif not isinstance(patch, dict):
        raise bad_request("json: cannot unmarshal array into Go value of type map[string]interface {}")
    elif media == MERGE_PATCH:
        result = merge(target, patch)
    elif write.context.served.is_custom(write.resource):
        raise ApiError(
            415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            f"{JSON_PATCH}, {MERGE_PATCH}, {APPLY_PATCH}",
        )  # fmt: skip
    else:
        result = strategic_merge(target, patch, write.shape)
    if not isinstance(result, dict):
        raise bad_request("the patched object is no object")
    return result


async def patch_object(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer PATCH."""
    write = Write(context, call, request, resource)
    patch = await read_patch(request)
    if request.content_type == APPLY_PATCH:
        return _apply(context, call, write, patch)
    live = stored_object(context, call, resource)

    def edit(shown: Object) -> Object:
        result = patched(shown, patch, write)
        try:
            return write.decode(result)
        except Undecodable as error:
            if request.content_type == STRATEGIC_PATCH:
                raise _unrecognized(patch, error) from None
            raise _undecodable(result, error) from None

    return write.answer(write.update(live, edit))


def _unrecognized(patch: Object, error: Undecodable) -> ApiError:
    """Return what a strategic patch with a value of the wrong type gets, which never was JSON to the server."""
    return invalid("", "", "", [wrong("patch", _go_text(patch), error.patch_words)])


def _undecodable(result: Object, error: Undecodable) -> ApiError:
    """Return what another patch gets whose outcome has a value of the wrong type: the outcome is what is refused."""
    shown = json.dumps(json.dumps(result, separators=(",", ":")))
    return invalid("", "", "", [Cause("patch", "FieldValueInvalid", f"{shown}: {error.why}")])


def _go_text(value: Any) -> str:
    """Return a value as Go's %v writes it."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_text, value)) + "]"
    if value is None or isinstance(value, bool):
        return "<nil>" if value is None else str(value).lower()
    return str(value)


def _apply(context: ApiContext, call: Call, write: Write, patch: Any) -> web.Response:
    if not isinstance(patch, dict):
        raise bad_request("the apply patch is no object")
    resource = write.resource
    wanted = write.decode(checked_kind(patch, resource.api_version, resource.kind))
    meta = wanted.setdefault("metadata", {})
    if meta.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if meta.setdefault("name", call.name) != call.name:
        raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})")
    if resource.namespaced:
        meta.setdefault("namespace", call.namespace)
    live = context.store.find(resource.storage, call.namespace, call.name)
    force = call.flag("force")
    if live is None:
        if meta.get("uid"):
            raise bad_request("uid mismatch: the provided object specified uid, and no existing object was found")
        if resource.namespaced:
            write.check_namespace(call.name)
        return write.answer(write.store_new(apply(None, wanted, write.writer(), write.shape, force=force)), 201)

    def edit(shown: Object) -> Object:
        return apply(shown, wanted, write.writer(), write.shape, force=force)

    return write.answer(write.update(live, edit, record=False))
