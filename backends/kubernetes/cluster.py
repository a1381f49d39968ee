"""One stamp's Kubernetes API: what the operations need of it, read and written, behind one connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import msgspec

from backends.clock import Clock
from backends.kubernetes import exec, pod_logs, port_forward, usage
from backends.kubernetes.budget import Meter
from backends.kubernetes.census import Census
from backends.kubernetes.certificates import certificates_of
from backends.kubernetes.connection import Connection
from backends.kubernetes.discovery import Discovery
from backends.kubernetes.exec import ExecStream
from backends.kubernetes.paging import Paging
from backends.kubernetes.port_forward import PortStream
from backends.kubernetes.query import Query
from backends.kubernetes.reflection import Reflection
from backends.kubernetes.reflections import Reflections
from backends.kubernetes.requests import read_room
from backends.kubernetes.timing import Timing
from backends.kubernetes.way import Way
from backends.kubernetes.writing import Writing
from backends.model.checks import Certificate
from backends.model.kinds import ResourceKind
from backends.model.logs import LogLine, LogRequest
from backends.model.room import Room
from backends.model.stamp import Stamp

_PAGE = 500


class _Version(msgspec.Struct):
    git_version: str = msgspec.field(name="gitVersion")


class _ListMetadata(msgspec.Struct):
    continues: str = msgspec.field(default="", name="continue")
    remaining: int | None = msgspec.field(default=None, name="remainingItemCount")


class _Objects(msgspec.Struct):
    kind: str
    api_version: str = msgspec.field(default="", name="apiVersion")
    metadata: _ListMetadata = msgspec.field(default_factory=_ListMetadata)
    items: list[dict[str, Any]] | None = None


class _Review(msgspec.Struct):
    allowed: bool = False
    reason: str = ""
    evaluation_error: str = msgspec.field(default="", name="evaluationError")


class _ReviewAnswer(msgspec.Struct):
    status: _Review


_VERSION = msgspec.json.Decoder(_Version)
_OBJECT = msgspec.json.Decoder(dict[str, Any])
_OBJECTS = msgspec.json.Decoder(_Objects)
_REVIEW = msgspec.json.Decoder(_ReviewAnswer)


class Cluster(Writing, Census):
    """Reads and writes one stamp's API; every call raises only `backends.errors.SourceError`.

    Opening neither waits for the network nor fails: what is wrong shows in states and in the errors of calls.
    """

    def __init__(self, stamp: Stamp, clock: Clock, timing: Timing | None = None, *, way: Way | None = None) -> None:
        """`way` leads to an API that cannot be connected to from here."""
        self._stamp = stamp
        self._clock = clock
        self._timing = timing or Timing()
        self._way = way

    async def __aenter__(self) -> Self:
        self.connection = Connection(self._stamp, self._clock, self._timing, self._way)
        self._discovery = Discovery(self.connection)
        self._reflections = Reflections(self.connection, self._discovery)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reflections.close()
        await self._discovery.close()
        await self.connection.close()

    @property
    def stamp(self) -> Stamp:
        """The stamp this is the cluster of."""
        return self._stamp

    @property
    def meter(self) -> Meter:
        """What was asked of this API lately."""
        return self.connection.meter

    @property
    def clock_skew_s(self) -> float:
        """How far the API's clock is ahead of ours by its last answer (whole seconds; 0 before the first)."""
        return self.connection.skew_s

    async def certificates(self) -> Sequence[Certificate]:
        """Return the certificates in use, by role and with their end: the API's own and the kubeconfig's."""
        return await certificates_of(self._stamp, self._timing.connect_s, self._way)

    async def version(self) -> str:
        """Return the server's gitVersion, such as `v1.20.2`."""
        answer = await self.connection.read("/version", _VERSION, doing="read the version")
        return answer.git_version

    async def kinds(self, refresh: bool = False) -> tuple[ResourceKind, ...]:
        """Return every kind this server lists, core first, in preferred versions; kept until `refresh`."""
        return await self._discovery.kinds(refresh)

    async def find(self, kind: str) -> ResourceKind:
        """Return the kind kubectl would mean by a name; NotFound when this server does not offer it."""
        return await self._reflections.find(kind)

    def reflect(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = ""
    ) -> AbstractAsyncContextManager[Reflection]:
        """Follow a collection by any kubectl name of its kind, shared by all who ask for the same."""
        return self._reflections.open(Query(kind, namespace, selector, field_selector))

    async def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        """Return one whole object."""
        found = await self.find(kind)
        path = found.path(namespace, name)
        return await self.connection.read(path, _OBJECT, doing=f"read {found.singular or kind} {name}")

    async def list_objects(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        selector: str = "",
        field_selector: str = "",
        limit: int = _PAGE,
    ) -> Sequence[dict[str, Any]]:
        """Return whole objects, at most `limit`, with the kind and apiVersion that lists leave out."""
        found = await self.find(kind)
        query = Query(kind, namespace, selector, field_selector).parameters()
        doing = f"list {found.resource}"
        objects: list[dict[str, Any]] = []
        paging = Paging(self.connection, doing)
        while len(objects) < limit:
            query["limit"] = str(min(_PAGE, limit - len(objects)))
            listed = await self.connection.read(found.path(namespace), _OBJECTS, doing=doing, query=query)
            named = {"apiVersion": found.api_version, "kind": found.kind}
            items = listed.items or ()
            objects += [named | each for each in items]
            if items:
                paging.progressed()
            query["continue"] = paging.next(listed.metadata.continues, len(items), listed.metadata.remaining)
            if not query["continue"]:
                break
        return objects[:limit]

    async def node_usage(self) -> Mapping[str, tuple[int, int]]:
        """Return CPU millicores and memory bytes in use by node; NotFound where metrics.k8s.io is not served."""
        return await usage.node_usage(self.connection)

    async def pod_usage(self, namespace: str | None = None) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Return CPU millicores and memory bytes in use by (namespace, pod)."""
        return await usage.pod_usage(self.connection, namespace)

    async def node_allocatable(self) -> Mapping[str, tuple[int, int]]:
        """Return allocatable CPU millicores and memory bytes of each node that is Ready and schedulable."""
        return await usage.node_allocatable(self.connection)

    async def room(self) -> Room:
        """Return what all nodes offer and all pods that are not over request."""
        return await read_room(self.connection)

    def logs(self, request: LogRequest) -> AsyncIterator[Sequence[LogLine]]:
        """Yield batches of lines until the container ends or the caller stops."""
        return pod_logs.read_logs(self.connection, request)

    def open_exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        tty: bool = False,
        stdin: bool = False,
    ) -> AbstractAsyncContextManager[ExecStream]:
        """Run a command in a container (empty: the pod's default one) and talk with it; see `exec`."""
        return exec.open_exec(self.connection, namespace, pod, container, command, tty=tty, stdin=stdin)

    def open_attach(
        self, namespace: str, pod: str, container: str, *, tty: bool = False, stdin: bool = False
    ) -> AbstractAsyncContextManager[ExecStream]:
        """Join what a container runs, from now on."""
        return exec.open_attach(self.connection, namespace, pod, container, tty=tty, stdin=stdin)

    def open_port(self, namespace: str, pod: str, port: int) -> AbstractAsyncContextManager[PortStream]:
        """Connect to a port of a pod; see `port_forward`."""
        return port_forward.open_port(self.connection, namespace, pod, port)

    async def may(
        self, verb: str, kind: str, *, namespace: str | None = None, subresource: str = ""
    ) -> tuple[bool, str]:
        """Ask the API whether we may (SelfSubjectAccessReview): yes or no, and its reason."""
        found = await self.find(kind)
        attributes = {"verb": verb, "group": found.group, "resource": found.resource, "subresource": subresource}
        if namespace and found.namespaced:
            attributes["namespace"] = namespace
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        doing = f"ask whether we may {verb} {found.resource}"
        answer = await self.connection.request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body=msgspec.json.encode(review),
            doing=doing,
        )
        status = self.connection.decode(answer, _REVIEW, doing).status
        return status.allowed, status.reason or status.evaluation_error
