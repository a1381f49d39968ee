"""A WebSocket that carries numbered channels, as exec, attach and port-forward do (`v4.channel.k8s.io`, `v5`).

Each binary message begins with the number of its channel. Source: apiserver's wsstream and its clients.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import aiohttp

V4, V5 = "v4.channel.k8s.io", "v5.channel.k8s.io"
CHUNK = 32 * 1024
"""What the kubelet sends at once, and so do we."""
_PING_S = 20.0
"""Load balancers and firewalls forget quiet connections after minutes; the kernel notices when nobody acknowledges."""
_GOODBYE_S = 1.0
_CLOSE_CHANNEL = 255


class ChannelSocket:
    """An open WebSocket; every call raises only SourceError, Unreachable when the link was cut.

    Leaving its context says goodbye, waits for nobody and cuts the connection.
    """

    def __init__(
        self,
        web: aiohttp.ClientWebSocketResponse,
        response: aiohttp.ClientResponse,
        mapped: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._web = web
        self._transport = response.connection.transport if response.connection else None
        self._mapped = mapped
        self._pinging: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._pinging = asyncio.create_task(self._ping())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
        try:
            with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError, RuntimeError):
                async with asyncio.timeout(_GOODBYE_S):
                    await self._web.close()
        finally:
            if self._transport is not None:
                self._transport.abort()

    @property
    def can_close_channels(self) -> bool:
        """Whether one channel can be ended before the others (v5)."""
        return self._web.protocol == V5

    async def send(self, channel: int, data: bytes) -> None:
        """Send data on a channel, in pieces; waits while the other side does not take them."""
        with self._mapped():
            for start in range(0, len(data), CHUNK):
                await self._web.send_bytes(bytes([channel]) + data[start : start + CHUNK])

    async def close_channel(self, channel: int) -> None:
        """Say that nothing more comes on a channel (v5)."""
        with self._mapped():
            await self._web.send_bytes(bytes([_CLOSE_CHANNEL, channel]))

    async def receive(self) -> tuple[int, bytes] | None:
        """Return the next piece that came and its channel; None when the server said goodbye."""
        with self._mapped():
            while True:
                message = await self._web.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    if len(message.data) > 1:
                        return message.data[0], message.data[1:]
                elif message.type is aiohttp.WSMsgType.CLOSE:
                    return None
                elif message.type is aiohttp.WSMsgType.ERROR and isinstance(message.data, Exception):
                    raise ConnectionResetError(104, str(message.data)) from None
                elif message.type in (
                    aiohttp.WSMsgType.CLOSING,
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.ERROR,
                ):
                    # Without a goodbye: the connection ended under it.
                    raise ConnectionResetError(104, "the WebSocket was cut")

    async def _ping(self) -> None:
        # No answer is waited for: a server that cannot pass on what we send does not read our pings either.
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while True:
                await asyncio.sleep(_PING_S)
                await self._web.ping()
