"""What carries SPDY: the connection itself after `Upgrade: SPDY/3.1`, or the binary messages of a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import WSMsgType, web

from backends.lab.kubernetes.spdy.session import SpdySession
from backends.lab.kubernetes.statuses import bad_request, forbidden_upgrade

_UPGRADE = "SPDY/3.1"
_PROTOCOL = "X-Stream-Protocol-Version"
Work = Callable[[SpdySession, str], Awaitable[None]]
"""Serves a session, given the stream protocol agreed on; the connection ends when it returns."""


def asks_for_spdy(request: web.Request) -> bool:
    """Tell whether a request wants its connection to become SPDY."""
    return request.headers.get("Upgrade", "").upper() == _UPGRADE and "upgrade" in (
        request.headers.get("Connection", "").lower()
    )


class _Bytes:
    """What aiohttp hands the bytes of a connection to that is HTTP no more."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.arrived.put_nowait(bytes(data))
        return False, b""

    def feed_eof(self) -> None:
        self.arrived.put_nowait(b"")


async def serve_upgraded(request: web.Request, protocols: Sequence[str], work: Work) -> web.StreamResponse:
    """Answer 101 and serve SPDY on the connection; 403 when the client speaks none of the stream protocols."""
    asked = [part.strip() for text in request.headers.getall(_PROTOCOL, []) for part in text.split(",")]
    chosen = next((each for each in protocols if each in asked), None)
    if chosen is None:
        raise forbidden_upgrade(asked, protocols) if asked else bad_request(f"{_PROTOCOL} is required")
    headers = {"Connection": "Upgrade", "Upgrade": _UPGRADE, _PROTOCOL: chosen}
    answer = web.StreamResponse(status=101, headers=headers)
    answer.force_close()
    incoming = _Bytes()
    await answer.prepare(request)
    # It takes a WebSocket's parser, of which it only uses these two methods.
    request.protocol.set_parser(incoming)  # type: ignore[arg-type]
    session = SpdySession(answer.write)
    await answer.write(b"")

    async def pump() -> None:
        while data := await incoming.arrived.get():
            await session.feed(data)
        session.end()

    await _serve(session, pump(), work(session, chosen))
    if request.transport is not None:
        request.transport.close()
    return answer


async def serve_tunnelled(request: web.Request, protocol: str, stream_protocol: str, work: Work) -> web.StreamResponse:
    """Serve SPDY inside a WebSocket of the given subprotocol, one stretch of its bytes a message."""
    socket = web.WebSocketResponse(protocols=(protocol,), compress=False, max_msg_size=0)
    await socket.prepare(request)

    async def send(data: bytes) -> None:
        if not socket.closed:
            await socket.send_bytes(data)

    session = SpdySession(send)

    async def pump() -> None:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await session.feed(message.data)
        session.end()

    await _serve(session, pump(), work(session, stream_protocol))
    await socket.close()
    return socket


async def _serve(session: SpdySession, pumping: Awaitable[None], working: Awaitable[None]) -> None:
    """Run both until either ends."""
    tasks = (asyncio.ensure_future(pumping), asyncio.ensure_future(working))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.end()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
