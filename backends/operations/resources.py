"""Any kind of resource, of one stamp or of all in one table, as rows a view can drain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from backends.clock import Clock
from backends.errors import SourceError
from backends.model.fields import text
from backends.model.health import Health, SourceState
from backends.model.kinds import ResourceKind
from backends.model.table import Column, Row, RowBatch
from backends.operations.columns import united
from backends.operations.deadline import beside, within
from backends.operations.ports import ClusterReader
from backends.operations.sources import asked
from backends.operations.stamp_rows import StampRows, StampUsage

_KINDS_TIMEOUT_S = 10.0
_POD_NAMES = frozenset({"pods", "pod", "po"})
_NODE_NAMES = frozenset({"nodes", "node", "no"})


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """What to show: a kind by any name kubectl accepts, on which stamps, narrowed on the server's side."""

    kind: str
    stamps: tuple[str, ...]
    namespace: str | None = None
    selector: str = ""
    field_selector: str = ""
    namespaces: Mapping[str, str | None] = field(default_factory=dict)
    """By stamp, where it is another than `namespace`."""

    def namespace_on(self, stamp: str) -> str | None:
        """Return the namespace to look in, None for all."""
        return self.namespaces.get(stamp, self.namespace)


class ResourceView:
    """The rows of all asked stamps, folded: any number of changes between two drains is read once."""

    def __init__(self, request: ResourceRequest, parts: Sequence[StampRows], clock: Clock) -> None:
        self._request = request
        self._parts = parts
        self._clock = clock
        self._rows: dict[str, Row] = {}
        self._columns: tuple[Column, ...] = ()
        self._turns = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """The union of what the stamps print, in the first one's order; usage columns last. As of the last drain."""
        return self._columns

    @property
    def states(self) -> Mapping[str, SourceState]:
        """How far each stamp's rows can be trusted, by stamp."""
        return {part.stamp: self._told(part.state) for part in self._parts}

    @property
    def usage_states(self) -> Mapping[str, SourceState]:
        """How far each stamp's usage cells can be trusted, by stamp; OFF where there are none."""
        return {part.stamp: part.usage_state for part in self._parts}

    @property
    def version(self) -> int:
        """Changes with anything: rows, columns or states."""
        if any(part.has_waiting for part in self._parts):
            self._turns += 1
        return self._turns + sum(part.version for part in self._parts)

    @property
    def rows(self) -> Mapping[str, Row]:
        """Every row by uid, cells aligned to `columns`. As of the last drain."""
        return self._rows

    def drain(self, most: int | None = None) -> RowBatch:
        """Return what changed since the last call, of each stamp its share of `most` rows; the rest comes next time.

        Without `most` the first call returns everything there is.
        """
        share = None if most is None else max(1, most // max(1, len(self._parts)))
        batches = [(part, part.drain(share)) for part in self._parts]
        for part in self._parts:
            part.take_usage()
        fresh = RowBatch()
        columns_changed = any(batch.columns_changed for _, batch in batches)
        if columns_changed or len(self._usage_columns()) != self._usage_width():
            fresh.columns_changed = self._refit(fresh, {uid for _, batch in batches for uid in batch.rows})
        for part, batch in batches:
            for uid, row in batch.rows.items():
                fresh.rows[uid] = part.fit(row) if row is not None else None
            for row in part.next_waiting():
                self._redraw(part.fit(row), fresh)
        for uid, row in fresh.rows.items():
            if row is None:
                self._rows.pop(uid, None)
            else:
                self._rows[uid] = row
        return fresh

    def refresh(self) -> None:
        """Try now on every stamp that waits for its next attempt."""
        for part in self._parts:
            part.refresh()

    async def settled(self, timeout_s: float) -> None:
        """Return when every stamp has said something definite (rows, a refusal, a failure), or time is up."""
        with suppress(TimeoutError):
            await within(self._clock, self._definite(), timeout_s)

    async def _definite(self) -> None:
        for part in self._parts:
            await part.definite()

    def _redraw(self, row: Row, fresh: RowBatch) -> None:
        before = self._rows.get(row.uid)
        if row.uid not in fresh.rows and (before is None or before.cells != row.cells):
            fresh.rows[row.uid] = row

    def _refit(self, fresh: RowBatch, coming: set[str]) -> bool:
        """Take the columns anew; put rows whose cells moved into `fresh`, but for those coming anyway.

        Return whether the columns differ.
        """
        usage = self._usage_columns()
        server = united(part.own for part in self._parts)
        for part in self._parts:
            if part.fit_to(server, usage) and part.reflection is not None:
                rows = part.reflection.store.rows
                moved = (uid for uid in rows if uid not in coming and not part.holds_back(uid))
                fresh.rows.update((uid, part.fit(rows[uid])) for uid in moved)
        before, self._columns = self._columns, (*server, *usage)
        return before != self._columns

    def _usage_columns(self) -> tuple[Column, ...]:
        """None before any server printed its own: a table never begins with them alone."""
        if not any(part.own for part in self._parts):
            return ()
        return max((part.usage_columns for part in self._parts), key=len, default=())

    def _usage_width(self) -> int:
        return self._parts[0].usage_width if self._parts else 0

    def _told(self, state: SourceState) -> SourceState:
        if state.health is Health.OFF and not state.reason:
            return replace(state, reason=f"this stamp does not serve {self._request.kind}")
        return state


class Resources:
    """Opens views of resources on the given clusters, by stamp name."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    async def kinds(self) -> tuple[ResourceKind, ...]:
        """Return every kind any stamp serves; stamps that do not answer are left out, nothing is raised."""
        answers = await asyncio.gather(*(self._kinds_of(cluster) for cluster in self._clusters.values()))
        found: dict[str, ResourceKind] = {}
        for kinds in answers:
            for kind in kinds:
                found.setdefault(kind.full_name, kind)
        return tuple(found.values())

    async def namespaces(self, stamps: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the names of all namespaces on the stamps (all when empty), sorted; nothing is raised."""
        meant = [cluster for name, cluster in self._clusters.items() if not stamps or name in stamps]
        answers = await asyncio.gather(*(self._namespaces_of(cluster) for cluster in meant))
        return tuple(sorted({name for names in answers for name in names}))

    @asynccontextmanager
    async def open(self, request: ResourceRequest) -> AsyncIterator[ResourceView]:
        """Follow a kind until the context is left; entering returns at once. UsageError for an unknown stamp."""
        parts: list[StampRows] = []
        works: list[Coroutine[Any, Any, None]] = []
        for cluster in asked(self._clusters, request.stamps):
            usage = self._usage(cluster, request)
            part = StampRows(
                cluster,
                self._clock,
                request.kind,
                usage,
                namespace=request.namespace_on(cluster.stamp.name),
                selector=request.selector,
                field_selector=request.field_selector,
            )
            parts.append(part)
            works.append(part.run())
            if usage is not None:
                works.append(usage.polled.run())
        async with beside(*works):
            yield ResourceView(request, parts, self._clock)

    def _usage(self, cluster: ClusterReader, request: ResourceRequest) -> StampUsage | None:
        kind = request.kind.lower()
        if kind in _POD_NAMES:
            return StampUsage(cluster, self._clock, "pods", request.namespace_on(cluster.stamp.name))
        if kind in _NODE_NAMES:
            return StampUsage(cluster, self._clock, "nodes", None)
        return None

    async def _kinds_of(self, cluster: ClusterReader) -> tuple[ResourceKind, ...]:
        try:
            return await within(self._clock, cluster.kinds(), _KINDS_TIMEOUT_S)
        except (SourceError, TimeoutError):
            return ()

    async def _namespaces_of(self, cluster: ClusterReader) -> tuple[str, ...]:
        try:
            listed = await within(self._clock, cluster.list_objects("namespaces"), _KINDS_TIMEOUT_S)
        except (SourceError, TimeoutError):
            return ()
        return tuple(name for each in listed if (name := text(each, "metadata", "name")))
