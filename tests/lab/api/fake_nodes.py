"""Nodes of a few lines: logs that grow on demand, a shell that knows three commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from backends.lab.kubernetes import ContainerUnavailable, LogEntry, PodUsage, Terminal, Usage

BEGAN = 1_700_000_000.0


class FakeNodes:
    """Every container has the same log; `write` makes it grow."""

    def __init__(self) -> None:
        self.entries = [LogEntry(BEGAN + index, f"line {index}") for index in range(5)]
        self.previous = [LogEntry(BEGAN - 10, "last words")]
        self.down = False
        self.listening: tuple[str, int] | None = None
        self.ended = False
        self._grown = asyncio.Event()

    def write(self, text: str) -> None:
        self.entries.append(LogEntry(BEGAN + len(self.entries), text))
        self._grown.set()

    def end(self) -> None:
        """The container ends: whoever follows its log has seen everything."""
        self.ended = True
        self._grown.set()

    def log(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> Sequence[LogEntry]:
        if self.down:
            raise ContainerUnavailable(
                f'Get "https://node-0:10250/containerLogs/{namespace}/{pod}/{container}": timeout'
            )
        return list(self.previous if previous else self.entries)

    async def follow_log(
        self, namespace: str, pod: str, container: str, after: int
    ) -> AsyncIterator[Sequence[LogEntry]]:
        while True:
            if len(self.entries) > after:
                yield self.entries[after:]
                after = len(self.entries)
            if self.ended:
                return
            await self._grown.wait()
            self._grown.clear()

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], terminal: Terminal, *, tty: bool
    ) -> int:
        match list(command):
            case ["echo", *words]:
                await terminal.write(" ".join(words).encode() + b"\n")
                return 0
            case ["cat"]:
                while data := await terminal.read():
                    await terminal.write(data)
                return 0
            case ["false"]:
                await terminal.write_error(b"no\n")
                return 1
        raise ContainerUnavailable(f'exec: "{command[0]}": executable file not found in $PATH: unknown')

    def port_answers(self, namespace: str, pod: str, port: int) -> tuple[str, int] | None:
        return self.listening if port == 8080 else None

    def node_usage(self) -> Mapping[str, Usage]:
        return {"node-0": Usage(250, 2**30, BEGAN)}

    def pod_usage(self) -> Sequence[PodUsage]:
        return (PodUsage("default", "web-0", {"web": Usage(12, 64 * 2**20, BEGAN)}),)
