"""ComponentStatus: what the API server says of the control plane's parts, asked for and never stored."""

from __future__ import annotations

from aiohttp import web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.computed import serve_computed
from backends.lab.kubernetes.context import ApiContext
from backends.lab.objects import Object

_DEPRECATED_IN = 19
_PLAIN_ETCD_SINCE = 23  # before, etcd's own answer was passed on
_WARNING = '299 - "v1 ComponentStatus is deprecated in v1.19+"'


def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    """Answer GET of one or of all; the lab's control plane is healthy whenever it answers at all."""
    minor = minor_of(context.version)
    etcd = "ok" if minor >= _PLAIN_ETCD_SINCE else '{"health":"true"}'
    found = [_status(*each) for each in (("controller-manager", "ok"), ("scheduler", "ok"), ("etcd-0", etcd))]
    response = serve_computed(context, call, request, resource, found)
    if minor >= _DEPRECATED_IN:
        response.headers.add("Warning", _WARNING)
    return response


def _status(name: str, message: str) -> Object:
    return {
        "kind": "ComponentStatus",
        "apiVersion": "v1",
        "metadata": {"name": name, "creationTimestamp": None},
        "conditions": [{"type": "Healthy", "status": "True", "message": message}],
    }
