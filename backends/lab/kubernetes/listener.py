"""The socket side of an API server: one port that can refuse, fall silent, reset, and show another certificate."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct

from aiohttp import web

from backends.lab.kubernetes.access import ServingFiles


def serving_context(files: ServingFiles, *, expired: bool = False) -> ssl.SSLContext:
    """Return the TLS settings: client certificates are asked for and may be missing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if expired:
        context.load_cert_chain(files.expired_certificate, files.expired_key)
    else:
        context.load_cert_chain(files.certificate, files.key)
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
    """Binds once and keeps the port; what answers on it changes with the faults."""

    def __init__(self, files: ServingFiles, server: web.Server) -> None:
        self._files = files
        self._server = server
        self._host = ""
        self.port = 0
        self._listening: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._muted: set[asyncio.Transport] = set()

    async def open(self, host: str, port: int) -> None:
        """Bind and serve; OSError when the port is taken."""
        self._host = host
        self._reserved = self._bind(port)
        self.port = self._reserved.getsockname()[1]
        await self.serve()

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

    async def serve(self, *, expired: bool = False) -> None:
        """Take connections with the ordinary or the expired certificate."""
        loop = asyncio.get_running_loop()
        tls = serving_context(self._files, expired=expired)
        self._listening = await loop.create_server(self._server, sock=self._take_reserved(), ssl=tls, backlog=256)

    async def mute(self) -> None:
        """Take connections and never answer them, not even the TLS handshake."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: _Mute(self._muted), sock=self._take_reserved(), backlog=256)

    def _take_reserved(self) -> socket.socket:
        taken, self._reserved = self._reserved, None
        return taken if taken is not None else self._bind(self.port)

    def refuse(self) -> None:
        """Stop listening: connections are refused, while a bound socket keeps the port from others."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._reserved is None:
            self._reserved = self._bind(self.port)

    def cut(self, *, reset: bool = False) -> None:
        """Abort every open connection; with `reset` the peer sees RST at once, even with data under way."""
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
        """Let the port go."""
        self.refuse()
        self.cut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
