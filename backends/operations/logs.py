"""Logs of a pod, a workload or a selector, on one stamp or several, merged by time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from msgspec.structs import replace

from backends.clock import Clock
from backends.model.health import SourceState
from backends.model.logs import LogLine, LogRequest
from backends.model.merge import LineMerger
from backends.operations.deadline import beside
from backends.operations.log_stamp import StampLogs
from backends.operations.log_target import parse_target
from backends.operations.ports import ClusterReader
from backends.operations.sources import asked
from backends.streams import Cell, Feed

LINES_KEPT = 100_000
_FLUSH_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Whose lines to read.

    `target` is `pod/NAME`, a workload (`deployment/NAME`, `sts/NAME`, `job/NAME`, `svc/NAME`, …), a bare pod
    name, or a label selector (anything with `=`, or `in (…)`). `container` None means every app container.
    """

    stamps: tuple[str, ...]
    namespace: str
    target: str
    container: str | None = None
    follow: bool = True
    previous: bool = False
    tail_lines: int | None = None
    since_s: int | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """By stamp, where it is another than `namespace`."""


class LogStream:
    """Merged lines and how each stamp is doing."""

    def __init__(self, query: LogQuery, clusters: Sequence[ClusterReader], clock: Clock) -> None:
        self._clock = clock
        self._lines: Feed[LogLine] = Feed(LINES_KEPT)
        self._version: Cell[int] = Cell(0)
        self._told: dict[str, SourceState] = {}
        self._merger = LineMerger(clock.monotonic(), history_until=clock.now())
        self._finished = asyncio.Event()
        target = parse_target(query.target)
        follow = query.follow and not query.previous
        request = LogRequest(
            query.namespace, "", "", follow, query.previous, tail_lines=query.tail_lines, since_s=query.since_s
        )
        self._parts = [
            StampLogs(cluster, clock, target, self._on(cluster, query, request), query.container, self._take)
            for cluster in clusters
        ]

    @property
    def lines(self) -> Feed[LogLine]:
        """Lines of all pods and stamps in time order, within a small reordering window."""
        return self._lines

    @property
    def states(self) -> Mapping[str, SourceState]:
        """By stamp: LIVE while following, OFF with a reason when there is nothing (more) to read."""
        return {part.stamp: part.state for part in self._parts}

    @property
    def version(self) -> Cell[int]:
        """Changes with the states."""
        return self._version

    @property
    def ended(self) -> bool:
        """Whether no more lines will come."""
        return self._finished.is_set()

    async def finished(self) -> None:
        """Wait until no more lines will come: only queries without `follow` end by themselves."""
        await self._finished.wait()

    def refresh(self) -> None:
        """Try now wherever the next attempt is being waited for."""
        for part in self._parts:
            part.refresh()

    async def run(self) -> None:
        """Read all stamps and merge their lines until cancelled or all are read."""
        async with beside(*(part.run() for part in self._parts)):
            while not all(part.ended for part in self._parts):
                self._tell()
                await self._clock.sleep(_FLUSH_EVERY_S)
            self._tell(last=True)
            self._finished.set()

    @staticmethod
    def _on(cluster: ClusterReader, query: LogQuery, request: LogRequest) -> LogRequest:
        return replace(request, namespace=query.namespaces.get(cluster.stamp.name, query.namespace))

    def _take(self, source: object, lines: Sequence[LogLine]) -> None:
        self._merger.add(source, lines, self._clock.monotonic())

    def _tell(self, *, last: bool = False) -> None:
        self._lines.extend(self._merger.due(self._clock.monotonic(), all_of_it=last))
        states = {name: replace(state, as_of=None) for name, state in self.states.items()}
        if states != self._told:
            self._told = states
            self._version.set(self._version.value + 1)


class Logs:
    """Opens streams of log lines on the given clusters, by stamp name."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    @asynccontextmanager
    async def open(self, query: LogQuery) -> AsyncIterator[LogStream]:
        """Read until the context is left; entering returns at once. UsageError when the target is no target."""
        stream = LogStream(query, asked(self._clusters, query.stamps), self._clock)
        async with beside(stream.run()):
            yield stream
