"""Request bodies: JSON, YAML and protobuf, and what is wrong with one that cannot be understood."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml
from aiohttp import web

from backends.lab.kubernetes import protobuf
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.protobuf.wire import MalformedMessage
from backends.lab.kubernetes.statuses import ApiError, bad_request, unsupported_media_type
from backends.lab.objects import Object
from backends.lab.wire_times import WireTimes

_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")


TIMES = web.RequestKey("times", WireTimes)
"""How the timestamps of a request are to be understood."""


async def read_raw(request: web.Request) -> bytes:
    """Return a body with its timestamps in simulated time."""
    raw = await request.read()
    times = request.get(TIMES)
    return raw if times is None or request.content_type == protobuf.MEDIA_TYPE else times.understood(raw)


def _in_simulated_time(request: web.Request, value: Any) -> Any:
    """Return a decoded body with its timestamps in simulated time."""
    times = request.get(TIMES)
    if times is None or not times.translates:
        return value
    return msgspec.json.decode(times.understood(msgspec.json.encode(value)))


async def read_value(request: web.Request) -> Any:
    """Return the decoded body, None when it is empty; 415 for a type not spoken here, 400 for nonsense."""
    raw = await read_raw(request)
    if not raw:
        return None
    media = request.content_type
    try:
        if media == protobuf.MEDIA_TYPE:
            return _in_simulated_time(request, protobuf.decode(raw))
        if media in ("application/json", "*/*", "application/octet-stream") or media.endswith("+json"):
            return msgspec.json.decode(raw)
        if media == "application/yaml" or media.endswith("+yaml"):
            return yaml.safe_load(raw)
    except (msgspec.DecodeError, yaml.YAMLError, MalformedMessage, UnicodeDecodeError) as error:
        shown = raw[:200].decode("utf-8", "replace")
        raise bad_request(f"couldn't get version/kind; json parse error: {error} ({shown})") from None
    raise unsupported_media_type(_MEDIA)


async def read_object(request: web.Request, resource: Resource) -> Object:
    """Return the object in a body, its kind checked against the resource."""
    value = await read_value(request)
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {resource.kind})")
    return checked_kind(value, resource.api_version, resource.kind)


def checked_kind(value: Object, api_version: str, kind: str) -> Object:
    """Fill in or check apiVersion and kind."""
    sent = value.get("kind") or kind
    version = value.get("apiVersion") or api_version
    if sent != kind or version != api_version:
        where = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"
        why = f'no kind "{sent}" is registered for version "{version}" in scheme "{where}"'
        if sent == kind:
            expected, given = api_version, version
            raise bad_request(
                f"the API version in the data ({given}) does not match the expected API version ({expected})"
            )
        raise bad_request(f'{sent} in version "{version.rpartition("/")[2]}" cannot be handled as a {kind}: {why}')
    return {**value, "kind": kind, "apiVersion": api_version}


def patch_refused() -> ApiError:
    """What a PATCH with a content type that is no patch gets."""
    return ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
