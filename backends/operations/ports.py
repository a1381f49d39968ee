"""What the operations need of the systems, as small protocols owned by the consumer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any, Protocol

from backends.model.fleet import ProbeSample
from backends.model.health import SourceState
from backends.model.journal import Author, ChainCheck, EventKind, JournalEvent, OpenOperation
from backends.model.kinds import ResourceKind
from backends.model.logs import LogLine, LogRequest
from backends.model.stamp import Stamp
from backends.model.table import PrintedPage, RowStore
from backends.streams import Cell

KubernetesObject = dict[str, Any]
"""A decoded Kubernetes object as the API sends it."""


class Reflection(Protocol):
    """A followed collection: its rows and how far they can be trusted. Closed by leaving its context."""

    @property
    def store(self) -> RowStore: ...
    @property
    def state(self) -> Cell[SourceState]: ...
    def refresh(self) -> None:
        """Stop waiting for the next attempt: try now."""
        ...


class RequestMeter(Protocol):
    """What was asked of one API lately."""

    def per_minute(self) -> int: ...
    def throttled_15m(self) -> int: ...


class ClusterReader(Protocol):
    """Reading one stamp's Kubernetes API. Every call raises only `backends.errors.SourceError`."""

    @property
    def stamp(self) -> Stamp: ...
    @property
    def meter(self) -> RequestMeter: ...

    async def version(self) -> str:
        """The server's gitVersion, such as `v1.20.2`; also the cheapest proof that the API answers us."""
        ...

    async def kinds(self, refresh: bool = False) -> tuple[ResourceKind, ...]:
        """Every kind this server lists, preferred versions first; cached until `refresh`."""
        ...

    def reflect(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = ""
    ) -> AbstractAsyncContextManager[Reflection]:
        """Follow a collection by any kubectl name of its kind: shared by all who ask for the same.

        Entering returns at once; the state tells when rows can be trusted. The watch is dropped a while
        after the last one leaves.
        """
        ...

    def followers(self, kind: str) -> int:
        """How many follow the whole of a collection at this moment."""
        ...

    async def count(self, kind: str) -> int | None:
        """About how many objects a kind has, by one small request; None when the server does not say."""
        ...

    def printed(self, kind: str, *, field_selector: str = "") -> AsyncIterator[PrintedPage]:
        """What the server prints of every object, page by page: for counting, at a fraction of following."""
        ...

    async def get(self, kind: str, name: str, namespace: str | None = None) -> KubernetesObject: ...

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[KubernetesObject]:
        """Whole objects, at most `limit`: for details, never for tables."""
        ...

    async def node_usage(self) -> Mapping[str, tuple[int, int]]:
        """CPU millicores and memory bytes in use by node (metrics.k8s.io); NotFound where it is not served."""
        ...

    async def pod_usage(self, namespace: str | None = None) -> Mapping[tuple[str, str], tuple[int, int]]:
        """CPU millicores and memory bytes in use by (namespace, pod)."""
        ...

    async def node_allocatable(self) -> Mapping[str, tuple[int, int]]:
        """Allocatable CPU millicores and memory bytes of each node that is Ready and schedulable."""
        ...

    def logs(self, request: LogRequest) -> AsyncIterator[Sequence[LogLine]]:
        """Batches of lines until the container ends or the caller stops; reconnecting is the caller's."""
        ...

    async def may(
        self, verb: str, kind: str, *, namespace: str | None = None, subresource: str = ""
    ) -> tuple[bool, str]:
        """Ask the API whether we may (SelfSubjectAccessReview): yes or no, and its reason."""
        ...


class PatchKind(StrEnum):
    """The content types of a PATCH (Kubernetes API, "Patch")."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class ClusterWriter(ClusterReader, Protocol):
    """Writing to one stamp's Kubernetes API. Every call raises only `backends.errors.SourceError`.

    Nothing is retried by itself: a write that got no answer may have been done. With `dry_run` the server
    does everything but keep it. `kind` is any of kubectl's names; answers are whole objects.
    """

    async def create(
        self,
        kind: str,
        body: KubernetesObject,
        *,
        namespace: str | None = None,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        """POST an object, or a subresource of the named one."""
        ...

    async def replace(
        self,
        kind: str,
        name: str,
        body: KubernetesObject,
        *,
        namespace: str | None = None,
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        """PUT an object; Conflict when its resourceVersion is no longer the newest."""
        ...

    async def patch(
        self,
        kind: str,
        name: str,
        body: object,
        *,
        namespace: str | None = None,
        patch: PatchKind = PatchKind.STRATEGIC,
        subresource: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject: ...

    async def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        propagation: str = "Background",
        grace_s: int | None = None,
        uid: str = "",
        dry_run: bool = False,
    ) -> KubernetesObject:
        """DELETE an object, if it still has that `uid` (Conflict when not)."""
        ...

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        """Evict a pod by the Eviction API; BudgetBlocked when a disruption budget forbids it now."""
        ...


class Journal(Protocol):
    """Where every change is written down; calls raise only `backends.errors.JournalFailed`."""

    @property
    def author(self) -> Author: ...

    async def record(
        self, operation: str, kind: EventKind, stamp: str, data: Mapping[str, Any] | None = None
    ) -> JournalEvent:
        """Append an event; it is on disk when this returns."""
        ...

    async def events(
        self,
        *,
        since: float | None = None,
        stamp: str = "",
        operation: str = "",
        after: int = 0,
        limit: int = 10_000,
    ) -> Sequence[JournalEvent]:
        """The newest `limit` events that fit, oldest first."""
        ...

    async def open_operations(self) -> Sequence[OpenOperation]:
        """Operations with an intent and without an outcome, oldest first."""
        ...

    async def verify(self) -> ChainCheck: ...


class ApplicationProbe(Protocol):
    """Asking one stamp's application directly."""

    async def ask(self) -> ProbeSample:
        """Ask once; a failure is a sample with `ok` False, never an exception."""
        ...
