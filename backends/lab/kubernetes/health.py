"""Paths that are not about resources: /version, health checks, OpenAPI."""

from __future__ import annotations

import hashlib
import importlib
from typing import Any

from aiohttp import web

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.representations import encode

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "informer-sync",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/crd-informer-synced",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/apiservice-registration-controller",
    "autoregister-completion",
)
_HEALTH = ("healthz", "livez", "readyz")


def version_info(version: str) -> dict[str, str]:
    """The body of /version; the commit is made up from the version, since no such build exists."""
    major, minor = version.lstrip("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": version,
        "gitCommit": hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest(),
        "gitTreeState": "clean",
        "buildDate": "2021-01-13T13:20:00Z",
        "goVersion": "go1.15.5",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


async def serve(context: ApiContext, request: web.Request, path: str) -> web.StreamResponse:
    """Answer a path outside /api and /apis; unknown ones list what there is, with a 404."""
    if path == "/version":
        return web.Response(body=encode(version_info(context.version)), content_type="application/json")
    name, _, check = path.strip("/").partition("/")
    if name in _HEALTH and (not check or check in _CHECKS):
        return _health(name, check, verbose="verbose" in request.query)
    if path.startswith("/openapi/"):
        found = _openapi(context, request, path)
        if found is not None:
            return found
    paths = ["/api", "/api/v1", "/apis", *(f"/apis/{group.name}" for group in context.served.groups())]
    paths += [f"/{each}" for each in _HEALTH] + ["/metrics", "/openapi/v2", "/version"]
    body = {"paths": sorted(paths)}
    return web.Response(body=encode(body), content_type="application/json", status=200 if path == "/" else 404)


def _health(name: str, check: str, *, verbose: bool) -> web.Response:
    if not verbose or check:
        return web.Response(text="ok", content_type="text/plain")
    lines = "".join(f"[+]{each} ok\n" for each in _CHECKS)
    return web.Response(text=f"{lines}{name} check passed\n", content_type="text/plain")


def _openapi(context: ApiContext, request: web.Request, path: str) -> web.Response | None:
    try:
        documents: Any = importlib.import_module("backends.lab.kubernetes.openapi")
    except ModuleNotFoundError:
        return None
    if path != "/openapi/v2" and not catalog.serves_openapi_v3(context.version):
        return None
    found: web.Response | None = documents.serve(context, request, path)
    return found
