"""What the API looks like, as /openapi/v2 and /openapi/v3 tell clients: `kubectl explain`, `apply` and validation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from aiohttp import web

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.openapi import swagger_protobuf
from backends.lab.kubernetes.openapi.documents import CustomSchemas, group_versions, version_2, version_3

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_JSON = "application/json"


def serve(context: ApiContext, request: web.Request, path: str) -> web.Response | None:
    """Answer a path below /openapi; None when there is nothing at it."""
    documents = _documents(context)
    if path == "/openapi/v2":
        return _serve_version_2(documents, request)
    if path == "/openapi/v3":
        return web.json_response(documents.index())
    body = documents.version_3(path.removeprefix("/openapi/v3/"))
    if body is None:
        return None
    return _answer(request, body, _JSON)


class Documents:
    """The documents of one set of resources; each is made when it is first asked for."""

    def __init__(self, resources: Sequence[Resource], version: str, custom: CustomSchemas) -> None:
        self._resources = resources
        self._by_path = group_versions(resources)
        self._version = version
        self._custom = custom
        self._made: dict[str, bytes] = {}

    def index(self) -> dict[str, Any]:
        """Return what /openapi/v3 answers: where each group version's document is, with its hash."""
        return {
            "paths": {
                path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={self._hash(path)}"} for path in self._by_path
            }
        }

    def version_3(self, path: str) -> bytes | None:
        """Return the JSON document of `api/v1`, `apis/apps/v1` …, or None."""
        resources = self._by_path.get(path)
        if resources is None:
            return None
        if path not in self._made:
            self._made[path] = json.dumps(version_3(resources, self._version, self._custom)).encode()
        return self._made[path]

    def version_2(self, *, protobuf: bool) -> bytes:
        """Return the one document of version 2, as JSON or protobuf."""
        form = "v2+protobuf" if protobuf else "v2"
        if form not in self._made:
            document = version_2(self._resources, self._version, self._custom)
            self._made[form] = swagger_protobuf.encode(document) if protobuf else json.dumps(document).encode()
        return self._made[form]

    def _hash(self, path: str) -> str:
        """Tell documents apart without making them: same version, same custom schemas, same document."""
        custom = [repr(item) for item in sorted(self._custom.items(), key=repr)]
        return hashlib.sha256("\n".join([self._version, path, *custom]).encode()).hexdigest().upper()[:32]


def _documents(context: ApiContext) -> Documents:
    """Return the documents of what is served now: shared by all servers of a version as long as no CRD is there."""
    definitions = context.store.listing(_DEFINITIONS)
    if not definitions:
        return _built_in(context.version)
    custom = {
        (each["spec"]["group"], version["name"], each["spec"]["names"]["kind"]): (version.get("schema") or {}).get(
            "openAPIV3Schema"
        )
        or {"type": "object"}
        for each in definitions
        for version in each["spec"].get("versions", ())
    }
    return Documents(context.served.resources(), context.version, custom)


@lru_cache(maxsize=8)
def _built_in(version: str) -> Documents:
    return Documents(catalog.resources(version), version, {})


def _serve_version_2(documents: Documents, request: web.Request) -> web.Response:
    accept = request.headers.get("Accept", "")
    protobuf = swagger_protobuf.MEDIA_TYPE in accept and _JSON not in accept.split(swagger_protobuf.MEDIA_TYPE)[0]
    return _answer(request, documents.version_2(protobuf=protobuf), "application/octet-stream" if protobuf else _JSON)


def _answer(request: web.Request, body: bytes, media: str) -> web.Response:
    """Answer with an entity tag, and 304 to a client that has the document already."""
    tag = f'"{hashlib.sha256(body).hexdigest().upper()}"'
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "no-cache, private", "Content-Type": media}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return web.Response(body=body, headers=headers)
