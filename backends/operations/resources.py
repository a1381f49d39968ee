"""Any kind of resource, of one stamp or of all in one table, as rows a view can drain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backends.clock import Clock
from backends.model.health import SourceState
from backends.model.kinds import ResourceKind
from backends.model.table import Column, Row, RowBatch
from backends.operations.ports import ClusterReader


@dataclass(frozen=True, slots=True)
class ResourceRequest:
    """What to show: a kind by any name kubectl accepts, on which stamps, narrowed on the server's side."""

    kind: str
    stamps: tuple[str, ...]
    namespace: str | None = None
    selector: str = ""
    field_selector: str = ""


class ResourceView:
    """The rows of all asked stamps, folded: any number of changes between two drains is read once."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The union of what the stamps print, in the first one's order; usage columns last."""
        raise NotImplementedError

    @property
    def states(self) -> Mapping[str, SourceState]:
        """How far each stamp's rows can be trusted, by stamp."""
        raise NotImplementedError

    @property
    def version(self) -> int:
        """Changes with anything: rows, columns or states."""
        raise NotImplementedError

    @property
    def rows(self) -> Mapping[str, Row]:
        """Every row by uid, cells aligned to `columns`."""
        raise NotImplementedError

    def drain(self) -> RowBatch:
        """Return what changed since the last call; the first call returns everything there is."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Try now on every stamp that waits for its next attempt."""
        raise NotImplementedError

    async def settled(self, timeout_s: float) -> None:
        """Return when every stamp has said something definite (rows, a refusal, a failure), or time is up."""
        raise NotImplementedError


class Resources:
    """Opens views of resources on the given clusters, by stamp name."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    async def kinds(self) -> tuple[ResourceKind, ...]:
        """Return every kind any stamp serves; stamps that do not answer are left out, nothing is raised."""
        raise NotImplementedError

    async def namespaces(self, stamps: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return the names of all namespaces on the stamps (all when empty), sorted; nothing is raised."""
        raise NotImplementedError

    @asynccontextmanager
    async def open(self, request: ResourceRequest) -> AsyncIterator[ResourceView]:
        """Follow a kind until the context is left; entering returns at once."""
        raise NotImplementedError
        yield ResourceView()
