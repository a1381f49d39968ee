"""Systems a test writes the answers of: a cluster whose stores, states and objects it sets, and a probe."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.errors import NotFound, StampdeckError, Unreachable
from backends.model.fleet import ProbeSample
from backends.model.health import Health, SourceState
from backends.model.kinds import ResourceKind
from backends.model.logs import LogLine, LogRequest
from backends.model.stamp import ApplicationAccess, ClusterAccess, Stamp
from backends.model.table import CellValue, Column, PrintedPage, Row, RowStore
from backends.streams import Cell

CONNECTING = SourceState(Health.RETRYING, "connecting")


def a_stamp(name: str, application: ApplicationAccess | None = None) -> Stamp:
    """Return a stamp that names a kubeconfig nobody reads."""
    return Stamp(name, ClusterAccess(Path("nowhere/kubeconfig"), context=name), application=application)


def columns(*names: str) -> tuple[Column, ...]:
    """Return columns by name; a name that ends in `+` is wide."""
    return tuple(Column(name.rstrip("+"), priority=int(name.endswith("+"))) for name in names)


POD_COLUMNS = columns("Name", "Ready", "Status", "Restarts", "Age", "IP+", "Node+")
NODE_COLUMNS = columns("Name", "Status", "Roles", "Age", "Version")
DEPLOYMENT_COLUMNS = columns("Name", "Ready", "Up-to-date", "Available", "Age", "Containers+", "Images+", "Selector+")
DAEMONSET_COLUMNS = columns("Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age")
EVENT_COLUMNS = columns("Last Seen", "Type", "Reason", "Object", "Message", "First Seen+", "Count+", "Name+")


def a_row(
    stamp: str,
    name: str,
    *cells: CellValue,
    namespace: str = "default",
    uid: str = "",
    created_at: float = 0.0,
    labels: dict[str, str] | None = None,
    deleting: bool = False,
) -> Row:
    """Return a row whose first cell is its name."""
    return Row(
        f"{stamp}/{uid or namespace + '-' + name}",
        stamp,
        namespace,
        name,
        (name, *cells),
        created_at=created_at,
        labels=labels,
        deleting=deleting,
    )


class FakeReflection:
    """A followed collection a test writes: put rows into `store`, set `state`."""

    def __init__(self) -> None:
        self.store = RowStore()
        self.state: Cell[SourceState] = Cell(CONNECTING)
        self.refreshed = 0
        self.readers = 0

    def refresh(self) -> None:
        self.refreshed += 1

    def live(self, at: float, *rows: Row) -> None:
        """Say that the list is complete and confirmed at `at`, with these rows put."""
        for row in rows:
            self.store.put(row)
        self.state.set(SourceState(Health.LIVE, as_of=at, since=at))

    def fail(self, health: Health, reason: str) -> None:
        """Say that the source failed; rows stay."""
        before = self.state.value
        self.state.set(SourceState(health, reason, as_of=before.as_of))


@dataclass
class FakeMeter:
    """Numbers a test sets."""

    requests: int = 0
    throttled: int = 0

    def per_minute(self) -> int:
        return self.requests

    def throttled_15m(self) -> int:
        return self.throttled


@dataclass
class LogScript:
    """What one request for logs gets: lines at once, then more as the test feeds them, then an end or an error."""

    lines: Sequence[LogLine] = ()
    more: asyncio.Queue[Sequence[LogLine] | Exception | None] = field(default_factory=asyncio.Queue)

    def feed(self, *lines: LogLine) -> None:
        self.more.put_nowait(lines)

    def end(self) -> None:
        self.more.put_nowait(None)

    def fail(self, error: Exception) -> None:
        self.more.put_nowait(error)


class FakeCluster:
    """Implements ClusterReader from what a test writes into its public attributes.

    `failing` maps a call (`version`, `get`, `node_usage`, …) to what it raises; `hang` names calls that
    never answer. Objects are kept by (kind, namespace or "", name), kinds as asked.
    """

    def __init__(self, stamp: Stamp | str) -> None:
        self.stamp = a_stamp(stamp) if isinstance(stamp, str) else stamp
        self.meter = FakeMeter()
        self.reflections: dict[tuple[str, str | None, str, str], FakeReflection] = {}
        self.failing: dict[str, Exception] = {}
        self.hang: set[str] = set()
        self.calls: list[tuple[Any, ...]] = []
        self.server_version = "v1.20.2"
        self.served: tuple[ResourceKind, ...] = ()
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.usage_of_nodes: dict[str, tuple[int, int]] = {}
        self.usage_of_pods: dict[tuple[str, str], tuple[int, int]] = {}
        self.allocatable: dict[str, tuple[int, int]] = {}
        self.allowed: Callable[[str, str], tuple[bool, str]] = lambda verb, kind: (True, "")
        self.counted: int | None = None
        """What `count` says; None for the number of rows there are."""
        self.pages: list[PrintedPage] = []
        self.log_scripts: dict[tuple[str, str], list[LogScript]] = {}
        self.log_requests: list[LogRequest] = []

    def reflection(
        self, kind: str, namespace: str | None = None, selector: str = "", field_selector: str = ""
    ) -> FakeReflection:
        """Return the reflection of a collection, as `reflect` would give it."""
        return self.reflections.setdefault((kind, namespace, selector, field_selector), FakeReflection())

    @asynccontextmanager
    async def reflect(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = ""
    ) -> AsyncIterator[FakeReflection]:
        if "reflect" in self.failing:
            raise self.failing["reflect"]
        reflection = self.reflection(kind, namespace, selector, field_selector)
        reflection.readers += 1
        try:
            yield reflection
        finally:
            reflection.readers -= 1

    def followers(self, kind: str) -> int:
        return self.reflection(kind).readers

    async def count(self, kind: str) -> int | None:
        await self._called("count", kind)
        return len(self.reflection(kind).store.rows) if self.counted is None else self.counted

    async def printed(self, kind: str, *, field_selector: str = "") -> AsyncIterator[PrintedPage]:
        for page in self.pages:
            await self._called("printed", kind, field_selector)
            yield page

    async def version(self) -> str:
        await self._called("version")
        return self.server_version

    async def kinds(self, refresh: bool = False) -> tuple[ResourceKind, ...]:
        await self._called("kinds")
        return self.served

    async def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any]:
        await self._called("get", kind, name, namespace)
        found = self.objects.get((kind, namespace or "", name))
        if found is None:
            raise NotFound(f"{kind}/{name}", why="not found", stamp=self.stamp.name)
        return found

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[dict[str, Any]]:
        await self._called("list_objects", kind, namespace, selector, field_selector)
        return [
            each
            for (listed, place, _), each in self.objects.items()
            if listed == kind and (namespace is None or place == namespace)
        ][:limit]

    async def node_usage(self) -> Mapping[str, tuple[int, int]]:
        await self._called("node_usage")
        return dict(self.usage_of_nodes)

    async def pod_usage(self, namespace: str | None = None) -> Mapping[tuple[str, str], tuple[int, int]]:
        await self._called("pod_usage", namespace)
        return dict(self.usage_of_pods)

    async def node_allocatable(self) -> Mapping[str, tuple[int, int]]:
        await self._called("node_allocatable")
        return dict(self.allocatable)

    async def logs(self, request: LogRequest) -> AsyncIterator[Sequence[LogLine]]:
        self.log_requests.append(request)
        await self._called("logs", request.pod, request.container)
        scripts = self.log_scripts.get((request.pod, request.container), [])
        if not scripts:
            raise NotFound(f"pod/{request.pod}", why="not found", stamp=self.stamp.name)
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        if script.lines:
            yield script.lines
        while request.follow:
            item = await script.more.get()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    async def may(
        self, verb: str, kind: str, *, namespace: str | None = None, subresource: str = ""
    ) -> tuple[bool, str]:
        await self._called("may", verb, kind, subresource)
        return self.allowed(verb, kind)

    async def _called(self, call: str, *arguments: Any) -> None:
        self.calls.append((call, *arguments))
        await asyncio.sleep(0)
        if call in self.hang:
            await asyncio.Event().wait()
        if call in self.failing:
            raise self.failing[call]


class FakeProbe:
    """Answers what the test says: `latency_s` of a good answer, or a `reason` for none."""

    def __init__(self, clock: Any, latency_s: float = 0.02) -> None:
        self._clock = clock
        self.latency_s = latency_s
        self.reason = ""
        self.failing: Exception | None = None
        self.asked = 0

    async def ask(self) -> ProbeSample:
        self.asked += 1
        await asyncio.sleep(0)
        if self.failing is not None:
            raise self.failing
        if self.reason:
            return ProbeSample(self._clock.now(), ok=False, latency_s=None, reason=self.reason)
        return ProbeSample(self._clock.now(), ok=True, latency_s=self.latency_s, status=200)


def refused(stamp: str) -> StampdeckError:
    """Return what a system raises when nobody listens."""
    return Unreachable("connecting to the API", why="connection refused", todo="is it running?", stamp=stamp)
