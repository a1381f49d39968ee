"""The way to a server inside this process: one port whose connections can be refused, cut or left hanging."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Awaitable, Callable

_LOG = logging.getLogger(__name__)
_BACKLOG = 64
_NO_SOCKET_LEFT_S = 0.5

Serve = Callable[[socket.socket, tuple[str, int]], Awaitable[None]]


class _End(asyncio.Protocol):
    """One end of a connection: what arrives here leaves at the other, at the other's pace."""

    def __init__(self, gone: Callable[[], None] | None = None) -> None:
        self._gone = gone
        self.other: _End
        self.transport: asyncio.Transport
        self._frozen = False
        self._choked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.other.transport.write(data)

    def eof_received(self) -> None:
        """SSH has no half-open connections: both ends close, each after what it still has to send."""

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self.other.transport.close()
        else:
            self.other.transport.abort()
        if self._gone is not None:
            self._gone()

    def pause_writing(self) -> None:
        self.other.choke(True)

    def resume_writing(self) -> None:
        self.other.choke(False)

    def choke(self, choked: bool) -> None:
        """Take no more from this end while the other cannot get rid of what came."""
        self._choked = choked
        self._settle()

    def freeze(self, frozen: bool) -> None:
        """Take nothing more from this end, as if the network swallowed it; or go on where it stopped."""
        self._frozen = frozen
        self._settle()

    def _settle(self) -> None:
        if self._frozen or self._choked:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()


class Wire:
    """Binds once and keeps the port. `serve` gets one end of a socket pair for each connection, and who called."""

    def __init__(self, name: str, serve: Serve) -> None:
        self._name = name
        self._serve = serve
        self.port = 0
        self._bound: socket.socket | None = None
        self._listening = False
        self._hanging = False
        self._callers: set[tuple[_End, _End]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, host: str = "127.0.0.1") -> None:
        """Bind a free port and take connections; OSError when that cannot be."""
        self._bound = self._bind(host, 0)
        self.port = self._bound.getsockname()[1]
        self.listen()

    def _bind(self, host: str, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio leaves Nagle on
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        try:
            bound.bind((host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def listen(self) -> None:
        """Take connections (again)."""
        if self._listening or self._bound is None:
            return
        self._bound.listen(_BACKLOG)
        self._listening = True
        self._look_out(self._bound)

    def refuse(self) -> None:
        """Refuse connections, while the bound socket keeps the port from others; open ones go on."""
        if not self._listening or self._bound is None:
            return
        asyncio.get_running_loop().remove_reader(self._bound)
        self._bound.close()
        self._bound = self._bind("127.0.0.1", self.port)
        self._listening = False

    def hang(self, hanging: bool) -> None:
        """Let nothing through, in open connections and new ones; or let all go on where it stopped."""
        self._hanging = hanging
        for caller in self._callers:
            for end in caller:
                end.freeze(hanging)

    def cut(self, *, reset: bool = False) -> None:
        """End every open connection; with `reset` the caller sees RST."""
        for outer, inner in list(self._callers):
            if reset:
                with contextlib.suppress(OSError):
                    outer.transport.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
            outer.transport.abort()
            inner.transport.abort()

    async def close(self) -> None:
        """Let the port go and end every connection."""
        if self._bound is not None:
            asyncio.get_running_loop().remove_reader(self._bound)
            self._bound.close()
            self._bound = None
            self._listening = False
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()

    def _look_out(self, bound: socket.socket) -> None:
        if bound is self._bound and self._listening:
            asyncio.get_running_loop().add_reader(bound, self._accept, bound)

    def _accept(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_BACKLOG):
            try:
                caller, address = bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.error("port %d takes no connections for %g s: %s", self.port, _NO_SOCKET_LEFT_S, error)
                loop.remove_reader(bound)
                loop.call_later(_NO_SOCKET_LEFT_S, self._look_out, bound)
                return
            task = loop.create_task(self._carry(caller, address), name=self._name)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, caller: socket.socket, address: tuple[str, int]) -> None:
        """Serve one connection; what is under way when the server has done its part still arrives."""
        ours, theirs = socket.socketpair()
        outer, inner = _End(lambda: self._callers.discard(pair)), _End()
        outer.other, inner.other = inner, outer
        pair = outer, inner
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: inner, sock=ours)
            await loop.connect_accepted_socket(lambda: outer, caller)
        except BaseException as error:
            for each in (caller, ours, theirs):
                each.close()
            if isinstance(error, OSError):  # the caller has gone again
                return
            raise
        self._callers.add(pair)
        if self._hanging:
            outer.freeze(True)
            inner.freeze(True)
        await self._serve(theirs, address)
