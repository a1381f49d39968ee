"""Sessions and sockets of the HTTP client: how they are made, kept alive and given up."""

from __future__ import annotations

import contextlib
import socket
import weakref
from collections.abc import Sequence
from typing import Any

import aiohttp

# The API server reads no more than a few hundred events ahead of us, and we decode no more than that at once.
_READ_AHEAD = 256 * 1024
_REFUSAL_LIMIT = 16 * 1024
_KEEPALIVE = (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 20_000))


class Sockets:
    """The sockets made for sessions, for the end: what was given up politely waits for the server's consent."""

    def __init__(self) -> None:
        self._made: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def make(self, address: Any) -> socket.socket:
        """Make a socket for an address as `getaddrinfo` returns it."""
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        self._made.add(made)
        return made

    def shut(self) -> None:
        """End every connection that is still there; their transports close in the loop's next turns."""
        for each in tuple(self._made):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def new_session(
    *,
    force_close: bool,
    middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    sockets: Sockets | None = None,
) -> aiohttp.ClientSession:
    """Return a session without cookies or proxies of its own; with `force_close` each request is a new connection."""
    # No limit of connections: each watch holds one, and other calls are few (see Budget).
    factory = sockets.make if sockets is not None else None
    connector = aiohttp.TCPConnector(limit=0, force_close=force_close, socket_factory=factory)
    jar = aiohttp.DummyCookieJar()
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=jar, read_bufsize=_READ_AHEAD, trust_env=False, middlewares=middlewares
    )


async def beginning(response: aiohttp.ClientResponse) -> bytes:
    """Read what a refusal says: all of it, however many pieces it comes in, unless it never ends."""
    pieces: list[bytes] = []
    left = _REFUSAL_LIMIT
    while left > 0 and (piece := await response.content.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def drop_unread(response: aiohttp.ClientResponse) -> None:
    """Cut the connection of an answer that was not read to its end, such as a watch nobody needs any more.

    An orderly end of TLS would wait for the server's consent, which a black hole never gives.
    """
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()


def keep_alive(response: aiohttp.ClientResponse) -> None:
    """Let the kernel notice that the path of a quiet stream is gone, as firewalls forget idle connections."""
    connection = response.connection
    stream = connection.transport.get_extra_info("socket") if connection and connection.transport else None
    if stream is None:
        return
    with contextlib.suppress(OSError):
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):  # Linux has all of them, others some
                stream.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
