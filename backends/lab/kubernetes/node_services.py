"""What the API server asks of the nodes: the kubelet's logs, exec and port-forward, and metrics-server's figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class ContainerUnavailable(Exception):
    """The node cannot serve that container; the text is what the kubelet would answer (a 400 or 500 of the API)."""

    def __init__(self, message: str, code: int = 500) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line a container wrote: when (simulated seconds since the epoch) and the text without its newline."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU and memory in use: millicores and bytes, as metrics-server averages them over `window_s` before `at`."""

    cpu_millicores: int
    memory_bytes: int
    at: float
    window_s: float = 30.0


@dataclass(frozen=True, slots=True)
class PodUsage:
    """The usage of every container of one pod."""

    namespace: str
    pod: str
    containers: Mapping[str, Usage]


class Terminal(Protocol):
    """The caller's side of an exec session, as the process inside the container sees it."""

    async def read(self) -> bytes:
        """Return what the caller typed; empty when it closed its input."""
        ...

    async def write(self, data: bytes) -> None:
        """Send to the caller's standard output."""
        ...

    async def write_error(self, data: bytes) -> None:
        """Send to the caller's standard error (the output when there is a terminal)."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the caller's terminal, (80, 24) until it said so."""
        ...


class NodeServices(Protocol):
    """The simulated nodes behind one API server; implemented by the world."""

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        """Return what is kept of a container's log, oldest first.

        Raises ContainerUnavailable when the node does not answer or the log is gone.
        """
        ...

    def follow_log(self, namespace: str, pod: str, container: str, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        """Yield batches of entries written after the first `after` ones of `log()`, until the container ends."""
        ...

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], terminal: Terminal, *, tty: bool
    ) -> int:
        """Run a command in a container and return its exit code; ContainerUnavailable when it cannot start."""
        ...

    def port_answers(self, namespace: str, pod: str, port: int) -> tuple[str, int] | None:
        """Return the loopback address that stands for a container's port, None when nothing listens there."""
        ...

    def node_usage(self) -> Mapping[str, Usage]:
        """Return what metrics-server knows of each node; a node without figures is missing."""
        ...

    def pod_usage(self) -> Sequence[PodUsage]:
        """Return what metrics-server knows of each running pod."""
        ...


class NoNodes:
    """A cluster whose kubelets do not answer: the API works, all that needs a node says why not."""

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        raise ContainerUnavailable(
            f'Get "https://node:10250/containerLogs/{namespace}/{pod}/{container}": no such host'
        )

    async def follow_log(
        self, namespace: str, pod: str, container: str, after: int
    ) -> AsyncIterator[Sequence[LogEntry]]:
        return
        yield ()

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], terminal: Terminal, *, tty: bool
    ) -> int:
        raise ContainerUnavailable("error dialing backend: no such host")

    def port_answers(self, namespace: str, pod: str, port: int) -> tuple[str, int] | None:
        return None

    def node_usage(self) -> Mapping[str, Usage]:
        return {}

    def pod_usage(self) -> Sequence[PodUsage]:
        return ()
