"""Logs of a pod, a workload or a selector, on one stamp or several, merged by time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from backends.clock import Clock
from backends.model.health import SourceState
from backends.model.logs import LogLine
from backends.operations.ports import ClusterReader
from backends.streams import Cell, Feed


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


class LogStream:
    """Merged lines and how each stamp is doing."""

    @property
    def lines(self) -> Feed[LogLine]:
        """Lines of all pods and stamps in time order, within a small reordering window."""
        raise NotImplementedError

    @property
    def states(self) -> Mapping[str, SourceState]:
        """By stamp: LIVE while following, OFF with a reason when there is nothing (more) to read."""
        raise NotImplementedError

    @property
    def version(self) -> Cell[int]:
        """Changes with the states."""
        raise NotImplementedError

    @property
    def ended(self) -> bool:
        """Whether no more lines will come."""
        raise NotImplementedError

    async def finished(self) -> None:
        """Wait until no more lines will come: only queries without `follow` end by themselves."""
        raise NotImplementedError


class Logs:
    """Opens streams of log lines on the given clusters, by stamp name."""

    def __init__(self, clusters: Mapping[str, ClusterReader], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock

    @asynccontextmanager
    async def open(self, query: LogQuery) -> AsyncIterator[LogStream]:
        """Read until the context is left; entering returns at once. UsageError when the target is no target."""
        raise NotImplementedError
        yield LogStream()
