"""Ports of this machine that lead into clusters: started, listed and stopped; they end with the console."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from backends.clock import Clock
from backends.errors import Invalid, NotFound, ServerFailed, SourceError, UsageError
from backends.model.forward import Forward, ForwardState
from backends.model.table import Row
from backends.operations.deadline import end, within
from backends.operations.forward_link import Link, PortStream, reset
from backends.operations.forward_target import (
    PodChoice,
    number_of_port,
    parse_target,
    port_on_pods,
    scope_of_target,
)
from backends.operations.ports import ClusterReader
from backends.streams import Cell

_HOST = "127.0.0.1"
"""Only programs of this machine may come in; whoever may log in here may use it."""
_POD_WAIT_S = 10.0
"""How long a new connection waits for a pod to be ready, as between two pods of a rollout."""
_NOTICE_S = 3.0
"""How long after a pod refused a connection another may turn up."""
_COUNT_S = 0.5
"""Bytes are told no more often than this, and at the end of every connection."""
_CONNECTIONS = 100
"""At once through one port: each is a connection that the API server has to keep."""


class ForwardingCluster(ClusterReader, Protocol):
    """A cluster whose pods' ports can be connected to."""

    def open_port(self, namespace: str, pod: str, port: int) -> AbstractAsyncContextManager[PortStream]:
        """Connect to a port of a pod; raises only SourceError."""
        ...


class PortForwards:
    """All forwarded ports; `forwards` lists them, oldest first. Leaving its context stops them."""

    def __init__(self, clusters: Mapping[str, ForwardingCluster], clock: Clock) -> None:
        self._clusters = clusters
        self._clock = clock
        self._running: dict[int, _Listener] = {}
        self._last = 0
        self.forwards: Cell[tuple[Forward, ...]] = Cell(())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(self.stop(number) for number in tuple(self._running)))

    async def start(self, stamp: str, target: str, namespace: str, port: int | str, local_port: int = 0) -> Forward:
        """Listen on a port of this machine (0: any free one) and lead it to a port of the target's ready pod.

        The target is `KIND/NAME`; a service's port is translated to its pods'. When the pod is replaced, new
        connections go to the next. Raises SourceError, NotFound when the target or its port is not there, and
        UsageError when the local port is taken.
        """
        kind, name = parse_target(target)
        cluster = self._clusters[stamp]
        obj = await cluster.get(kind, name, namespace)
        scope = scope_of_target(target, obj, stamp)
        wanted = port_on_pods(target, obj, str(port), stamp)
        self._last += 1
        forward = Forward(
            self._last, stamp, namespace, f"{kind}/{name}", str(port), local_port, since=self._clock.now()
        )
        listener = _Listener(cluster, self._clock, forward, wanted, self._refresh)
        listener.choice = PodChoice(cluster, self._clock, scope, listener.note_pods)
        await listener.start()
        self._running[forward.number] = listener
        self._refresh()
        return listener.forward

    async def stop(self, number: int) -> Forward | None:
        """Stop listening, cut what is open and return how it ended; a number that is not there changes nothing."""
        listener = self._running.pop(number, None)
        if listener is None:
            return None
        await listener.stop()
        self._refresh()
        return listener.forward

    def _refresh(self) -> None:
        self.forwards.set(tuple(each.forward for each in self._running.values()))


class _Listener:
    """One listening port and the connections through it."""

    choice: PodChoice

    def __init__(
        self, cluster: ForwardingCluster, clock: Clock, forward: Forward, port: int | str, tell: Callable[[], None]
    ) -> None:
        self.forward = forward
        self._cluster = cluster
        self._clock = clock
        self._port = port
        self._tell = tell
        self._server: asyncio.Server | None = None
        self._following: asyncio.Task[None] | None = None
        self._sent = self._received = 0
        self._telling: asyncio.Task[None] | None = None
        self._links: dict[asyncio.Task[None], str] = {}
        """Each connection's task, and the uid of the pod it goes to."""

    async def start(self) -> None:
        """Listen, and follow the pods."""
        port = self.forward.local_port
        try:
            self._server = await asyncio.start_server(self._accept, _HOST, port)
        except OverflowError:
            raise UsageError(f"{port} is no port", todo="take one from 1 to 65535, or 0 for any free one") from None
        except OSError as error:
            raise _unusable(port, error) from None
        self._set(local_port=self._server.sockets[0].getsockname()[1])
        self._following = asyncio.create_task(self.choice.run(), name=f"pods of {self.forward.target}")

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is not None:
            self._server.close()
        beside = [each for each in (self._following, self._telling) if each is not None]
        await end(*beside, *self._links)

    def note_pods(self, gone: frozenset[str]) -> None:
        """Take notice of another pod to go to, and cut the connections of pods that are gone."""
        pod = self.choice.pod
        cut = [task for task, uid in self._links.items() if uid in gone]
        for task in cut:
            task.cancel()
        if cut:
            now = f"new connections go to {pod.name}" if pod else self.choice.why_not
            self._trouble(f"{len(cut)} connection{'s' * (len(cut) > 1)} ended: the pod is gone; {now}")
        state = ForwardState.READY if pod else ForwardState.WAITING
        self._set(state=state, pod=pod.name if pod else "")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._links) >= _CONNECTIONS:
            self._trouble(f"a connection was refused: {_CONNECTIONS} are open")
            reset(writer)
            return
        self._links[task] = ""
        self._set(connections=len(self._links))
        is_in_order = False
        try:
            problem = await self._serve(task, reader, writer)
            is_in_order = not problem
            if problem:
                self._trouble(problem)
        except asyncio.CancelledError:
            pass  # by us, who said why
        finally:
            del self._links[task]
            self._set(
                connections=len(self._links), served=self.forward.served + 1, sent=self._sent, received=self._received
            )
            if is_in_order:
                writer.close()
            else:
                reset(writer)

    async def _serve(self, task: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Carry one connection to its end; return what went wrong."""
        try:
            async with AsyncExitStack() as stack:
                stream = await self._reach(task, stack)
                await Link(reader, writer, stream, self._clock, self._count).carry()
        except TimeoutError:
            return f"a connection was refused: {self.choice.why_not}"
        except SourceError as error:
            return f"{error.what}: {error.why}"
        return ""

    async def _reach(self, task: asyncio.Task[None], stack: AsyncExitStack) -> PortStream:
        """Connect to the pod of the moment; to the next one when that just went away. TimeoutError without any."""
        pod = await within(self._clock, self.choice.chosen(), _POD_WAIT_S)
        while True:
            async with AsyncExitStack() as attempt:
                try:
                    port = await self._port_of(pod)
                    stream = await attempt.enter_async_context(self._cluster.open_port(pod.namespace, pod.name, port))
                except (NotFound, Invalid, ServerFailed):
                    another = await self._another_than(pod)
                    if another is None:
                        raise
                    pod = another
                    continue
                if self.choice.knows(pod):
                    self._links[task] = pod.uid
                    stack.push_async_exit(attempt.pop_all())
                    return stream
            # It went away while we connected: nobody would tell us again.
            pod = await within(self._clock, self.choice.chosen(unlike=pod.uid), _POD_WAIT_S)

    async def _another_than(self, pod: Row) -> Row | None:
        """Wait a little for the watch to notice that a pod went away, and for the next one."""
        try:
            return await within(self._clock, self.choice.chosen(unlike=pod.uid), _NOTICE_S)
        except TimeoutError:
            return None

    async def _port_of(self, pod: Row) -> int:
        if isinstance(self._port, int):
            return self._port
        found = number_of_port(await self._cluster.get("pods", pod.name, pod.namespace), self._port)
        if found is None:
            why = f"no container of {pod.name} has a port named {self._port}"
            raise NotFound(f"cannot forward to {self.forward.target}", why=why, stamp=self.forward.stamp)
        return found

    def _count(self, sent: int, received: int) -> None:
        self._sent += sent
        self._received += received
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_bytes(), name=f"bytes through {self.forward.address}")

    async def _tell_bytes(self) -> None:
        await self._clock.sleep(_COUNT_S)
        self._set(sent=self._sent, received=self._received)

    def _trouble(self, problem: str) -> None:
        self._set(problem=problem, problem_at=self._clock.now())

    def _set(self, **changes: object) -> None:
        self.forward = replace(self.forward, **changes)  # type: ignore[arg-type]
        self._tell()


def _unusable(port: int, error: OSError) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} of this machine is taken", todo="take another, or 0 for any free one")
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} of this machine may not be used", todo="take one above 1023, or 0 for any")
    why = error.strerror or type(error).__name__
    return UsageError(f"cannot listen on port {port} of this machine", why=why, todo="take another, or 0 for any")
