"""The socket side of an API server: one port that can refuse, fall silent, reset, and show another certificate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import Callable

from aiohttp import web

from backends.lab.kubernetes.access import ServingFiles

_LOG = logging.getLogger(__name__)
_BACKLOG = 256
_HANDSHAKE_S = 10.0
_TLS_GOODBYE_S = 0.5  # a caller that does not answer our end of TLS is not waited for
_NO_SOCKET_LEFT_S = 0.5
_CLOSE_WITHIN_S = 1.0


def serving_context(files: ServingFiles, *, other: bool = False) -> ssl.SSLContext:
    """Return the TLS settings: where there is an authority for them, client certificates are asked for, not needed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if other:
        context.load_cert_chain(files.other_certificate, files.other_key)
    else:
        context.load_cert_chain(files.certificate, files.key)
    if files.client_authority is not None:
        context.load_verify_locations(files.client_authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Mute(asyncio.Protocol):
    """Accepts a connection and never says a word."""

    def __init__(self, held: set[asyncio.Transport]) -> None:
        self._held = held
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._held.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._held.discard(self._transport)


class Listener:
    """Binds once and keeps the port; what answers on it changes with the faults.

    Connections are known from the moment they are accepted, so that those in the middle of their TLS handshake
    can be cut like all others.
    """

    def __init__(self, files: ServingFiles, server: web.Server) -> None:
        self._files = files
        self._server = server
        self._host = ""
        self.port = 0
        self._listening: socket.socket | None = None
        self._reserved: socket.socket | None = None
        self._factory: Callable[[], asyncio.BaseProtocol] = server
        self._tls: ssl.SSLContext | None = None
        self._entering: dict[asyncio.Task[None], socket.socket] = {}
        self._muted: set[asyncio.Transport] = set()

    def open(self, host: str, port: int) -> None:
        """Bind and serve; OSError when the port is taken."""
        self._host = host
        self._reserved = self._bind(port)
        self.port = self._reserved.getsockname()[1]
        self.serve()

    def _bind(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET6 if ":" in self._host else socket.AF_INET)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        try:
            bound.bind((self._host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def serve(self, *, other: bool = False) -> None:
        """Take connections with the ordinary or the other certificate."""
        self._listen(self._server, serving_context(self._files, other=other))

    def mute(self) -> None:
        """Take connections and never answer them, not even the TLS handshake."""
        self._listen(lambda: _Mute(self._muted), None)

    def _listen(self, factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None) -> None:
        self._factory, self._tls = factory, tls
        taken, self._reserved = self._reserved, None
        self._listening = taken if taken is not None else self._bind(self.port)
        self._listening.listen(_BACKLOG)
        self._look_out(self._listening)

    def _look_out(self, listening: socket.socket) -> None:
        if listening is self._listening:
            asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_BACKLOG):
            try:
                caller, _address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _LOG.error("port %d takes no connections for %g s: %s", self.port, _NO_SOCKET_LEFT_S, error)
                loop.remove_reader(listening)
                loop.call_later(_NO_SOCKET_LEFT_S, self._look_out, listening)
                return
            task = loop.create_task(self._let_in(caller, self._factory, self._tls))
            self._entering[task] = caller
            task.add_done_callback(lambda done: self._entering.pop(done, None) and None)

    async def _let_in(
        self, caller: socket.socket, factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None
    ) -> None:
        limits = {"ssl_handshake_timeout": _HANDSHAKE_S, "ssl_shutdown_timeout": _TLS_GOODBYE_S} if tls else {}
        with contextlib.suppress(OSError):  # a handshake that fails is the caller's trouble: ssl.SSLError is one
            await asyncio.get_running_loop().connect_accepted_socket(factory, caller, ssl=tls, **limits)

    def refuse(self) -> None:
        """Stop listening: connections are refused, while a bound socket keeps the port from others."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
            self._listening = None
        if self._reserved is None:
            self._reserved = self._bind(self.port)

    def cut(self, *, reset: bool = False) -> None:
        """Abort every open connection; with `reset` the peer sees RST at once, even with data under way."""
        for caller in self._entering.values():
            with contextlib.suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)  # the handshake sees an end and closes the socket itself
        for protocol in list(self._server.connections):
            transport = protocol.transport
            if transport is None:
                continue
            if reset:
                with contextlib.suppress(OSError):
                    transport.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
            transport.abort()
        for muted in list(self._muted):
            muted.abort()

    async def close(self) -> None:
        """Let the port go and end every connection."""
        self.refuse()
        self.cut()
        if self._entering:
            await asyncio.wait(tuple(self._entering), timeout=_CLOSE_WITHIN_S)
            self.cut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
