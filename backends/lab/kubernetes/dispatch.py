"""From a request to its answer: faults, authentication, authorization, and which function serves it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from backends.lab.kubernetes import components, deleting, discovery, health, metrics, patching, reviews, writing
from backends.lab.kubernetes.access import ANONYMOUS, User
from backends.lab.kubernetes.authorization import Attributes, refusal
from backends.lab.kubernetes.bodies import TIMES
from backends.lab.kubernetes.call import Call, parse_call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.faults_http import FaultGate
from backends.lab.kubernetes.faults_writes import WriteFaults
from backends.lab.kubernetes.negotiation import wants_aggregated_discovery
from backends.lab.kubernetes.reading import get_one, list_many
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import (
    ApiError,
    forbidden,
    internal,
    method_not_supported,
    no_such_path,
    unauthorized,
)
from backends.lab.kubernetes.subresources import binding, eviction, logs, port_forward, scale, streams, tokens
from backends.lab.kubernetes.watching import Watch

_log = logging.getLogger(__name__)


class Dispatch:
    """Serves every request of one API server."""

    def __init__(self, context: ApiContext, gate: FaultGate) -> None:
        self._context = context
        self._gate = gate
        self._writes = WriteFaults(context.faults)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request; whatever goes wrong becomes a Status."""
        try:
            spoiled = await self._gate.pass_through(request)
            if spoiled is not None:
                return spoiled
            request[TIMES] = self._context.times
            return await self._gate.spoil(request, self._in_real_time(await self._route(request)))
        except ApiError as error:
            return json_answer(error.status, error.code, error.headers)
        except web.HTTPException:
            raise
        except ConnectionError:
            return _unheard(request)
        except Exception as error:
            _log.exception("%s %s failed", request.method, request.path)
            problem = internal(f"{type(error).__name__}: {error}")
            return json_answer(problem.status, problem.code)

    def _in_real_time(self, answer: web.StreamResponse) -> web.StreamResponse:
        """Translate the timestamps of a finished answer; watches and logs translate their own."""
        body = answer.body if isinstance(answer, web.Response) else None
        structured = answer.content_type in ("application/json", "application/yaml")
        if self._context.times.translates and structured and isinstance(body, bytes):
            assert isinstance(answer, web.Response)
            answer.body = self._context.times.shown(body)
        return answer

    async def _route(self, request: web.Request) -> web.StreamResponse:
        user = self._authenticate(request)
        call = parse_call(request.method, request.path, request.query, user)
        if call is None or not call.plural:
            self._authorize(Attributes(verb=request.method.lower(), path=request.path), user)
            return await self._serve_path(request, call)
        self._gate.check_access(call)
        self._authorize(attributes_of(call), user, call)
        resource = self._context.served.find(call.group, call.version, call.plural)
        if resource is None:
            if not any(group.name == call.group for group in self._context.served.groups()) and call.group:
                return web.Response(text="404 page not found\n", status=404)
            raise no_such_path()
        return await self._writes.carry_out(request, call, lambda: self._serve_resource(request, call, resource))

    # who, and may they

    def _authenticate(self, request: web.Request) -> User:
        if self._context.faults.active("token-revoked"):
            raise unauthorized()
        header = request.headers.get("Authorization", "")
        transport = request.transport
        certificate: dict[str, Any] | None = transport.get_extra_info("peercert") if transport else None
        user = self._context.authentication.identify(header, certificate)
        if user is None:
            if header:
                raise unauthorized()
            user = ANONYMOUS
        return self._impersonated(request, user)

    def _impersonated(self, request: web.Request, user: User) -> User:
        """Return whom the caller asks to be taken for (`kubectl --as`), 403 when it may not."""
        name = request.headers.get("Impersonate-User", "")
        if not name:
            return user
        asked = Attributes("impersonate", resource="users", name=name)
        if self._context.authorization.allows(user, asked) is None:
            raise forbidden("users", "", name, refusal(user, asked))
        groups = tuple(request.headers.getall("Impersonate-Group", ()))
        return User(name, (*groups, "system:authenticated"))

    def _authorize(self, asked: Attributes, user: User, call: Call | None = None) -> None:
        if self._context.authorization.allows(user, asked) is not None:
            return
        if call is None:
            raise ApiError(403, "Forbidden", f"forbidden: {refusal(user, asked)}", {})
        raise forbidden(call.plural, call.group, call.name, refusal(user, asked))

    # what

    async def _serve_path(self, request: web.Request, call: Call | None) -> web.StreamResponse:
        context, path = self._context, request.path.rstrip("/") or "/"
        accept = request.headers.get("Accept", "")
        if path in ("/api", "/apis"):
            wanted = wants_aggregated_discovery(accept)
            if wanted and discovery.serves_aggregated(context):
                body = discovery.aggregated(context, wanted, core=path == "/api")
                form = f"application/json;g=apidiscovery.k8s.io;v={wanted};as=APIGroupDiscoveryList"
                return web.Response(body=encode(body), headers={"Content-Type": form, "Vary": "Accept"})
            return json_answer(discovery.api_versions(context) if path == "/api" else discovery.api_groups(context))
        if call is not None:
            found = discovery.api_resources(context, call.group, call.version)
            if found is None:
                raise no_such_path()
            if call.group == "metrics.k8s.io":
                self._gate.check_metrics()
            return json_answer(found)
        if path.startswith("/apis/"):
            group = discovery.api_group(context, path.removeprefix("/apis/"))
            if group is None:
                return web.Response(text="404 page not found\n", status=404)
            return json_answer(group)
        return await health.serve(context, request, path)

    async def _serve_resource(self, request: web.Request, call: Call, resource: Resource) -> web.StreamResponse:
        context, accept = self._context, request.headers.get("Accept", "")
        if resource.namespaced and call.name and not call.namespace:
            raise no_such_path()
        # POST is for collections; PUT and PATCH are for objects.
        misplaced = call.name != "" if call.verb == "create" else call.name == "" and call.verb in ("update", "patch")
        if not call.subresource and (misplaced or call.verb not in resource.verbs):
            raise method_not_supported()
        if resource.group == "metrics.k8s.io":
            self._gate.check_metrics()
            return metrics.serve(context, call, request, resource)
        if resource.storage == "componentstatuses":
            return components.serve(context, call, request, resource)
        if resource.group in _REVIEWS and not resource.storage:
            return await reviews.serve(context, call, request, resource)
        if call.verb == "watch":
            return await Watch(context, call, resource, accept).serve(request)
        if call.verb == "list":
            return list_many(context, call, resource, accept)
        if call.subresource:
            return await self._serve_subresource(request, call, resource)
        serve = _ON_OBJECTS.get(call.verb)
        if serve is None:
            return get_one(context, call, resource, accept)
        return await serve(context, call, request, resource)

    async def _serve_subresource(self, request: web.Request, call: Call, resource: Resource) -> web.StreamResponse:
        found = resource.subresource(call.subresource)
        serve = _BELOW_OBJECTS.get((call.subresource, call.verb)) or _BELOW_OBJECTS.get((call.subresource, ""))
        if found is None or serve is None or (call.rest and call.subresource != "proxy"):
            raise no_such_path()
        if call.verb not in found.verbs:
            raise method_not_supported()
        return await serve(self._context, call, request, resource)


_Serve = Callable[[ApiContext, Call, web.Request, Resource], Awaitable[web.StreamResponse]]
_REVIEWS = ("authorization.k8s.io", "authentication.k8s.io")
_ON_OBJECTS: dict[str, _Serve] = {
    "create": writing.create,
    "update": writing.update,
    "patch": patching.patch_object,
    "delete": deleting.delete_one,
    "deletecollection": deleting.delete_many,
}


async def _get_status(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.Response:
    return get_one(context, call, resource, request.headers.get("Accept", ""))


_BELOW_OBJECTS: dict[tuple[str, str], _Serve] = {
    ("status", "get"): _get_status,
    ("status", "update"): writing.update,
    ("status", "patch"): patching.patch_object,
    ("finalize", "update"): writing.update,
    ("approval", "update"): writing.update,
    ("ephemeralcontainers", "get"): _get_status,
    ("ephemeralcontainers", "update"): writing.update,
    ("ephemeralcontainers", "patch"): patching.patch_object,
    ("scale", ""): scale.serve,
    ("eviction", ""): eviction.serve,
    ("binding", ""): binding.serve,
    ("log", ""): logs.serve,
    ("exec", ""): streams.serve,
    ("attach", ""): streams.serve,
    ("portforward", ""): port_forward.serve,
    ("token", ""): tokens.serve,
}


def _unheard(request: web.Request) -> web.Response:
    """Return what nobody will read: the caller hung up, which is no failure of ours and not worth a traceback."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def attributes_of(call: Call) -> Attributes:
    """Return what an access check of this call is about."""
    # A namespace itself is checked as if it were in itself, so that a role there can allow reading it.
    namespace = call.name if call.plural == "namespaces" and not call.group else call.namespace
    return Attributes(call.verb, call.group, call.plural, call.subresource, namespace, call.name)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Wrap a JSON body."""
    return web.Response(
        body=encode(body), status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )
