"""The caller's side of exec and attach: channels of a WebSocket, or streams of SPDY, as one Terminal.

Channel 0 is standard input, 1 output, 2 error, 3 the final Status, 4 terminal sizes; since v5 channel 255 announces
that the client closed another one. SPDY has a stream of its own for each, told by the header streamType.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.spdy import SpdySession, SpdyStream

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255
_STREAMS_WITHIN_S = 10.0


class _Typed:
    """What the caller typed, and how large the terminal is."""

    def __init__(self) -> None:
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self._closed = False
        self._size = (80, 24)

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    async def read(self) -> bytes:
        if self._closed and self._typed.empty():
            return b""
        return await self._typed.get()

    def take(self, data: bytes) -> None:
        """Take input; empty when there is no more."""
        if not data:
            self._closed = True
        self._typed.put_nowait(data)

    def resize(self, data: bytes) -> None:
        """Take a terminal's size as JSON; anything else is ignored."""
        with contextlib.suppress(msgspec.DecodeError, AttributeError, TypeError, ValueError):
            wanted = msgspec.json.decode(data)
            self._size = (int(wanted.get("Width", 80)), int(wanted.get("Height", 24)))


class SocketTerminal(_Typed):
    """The caller behind a WebSocket of channels."""

    def __init__(self, socket: web.WebSocketResponse, *, tty: bool) -> None:
        super().__init__()
        self._socket = socket
        self._tty = tty

    async def write(self, data: bytes) -> None:
        await self._send(_STDOUT, data)

    async def write_error(self, data: bytes) -> None:
        await self._send(_STDOUT if self._tty else _STDERR, data)

    async def finish(self, status: Mapping[str, Any]) -> None:
        """Send the final Status."""
        await self._send(_STATUS, encode(dict(status)))

    async def listen(self) -> None:
        """Take what the caller sends until it goes away."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == _STDIN and data:
                self.take(data)
            elif channel == _RESIZE:
                self.resize(data)
            elif channel == _CLOSE and data[:1] == bytes([_STDIN]):
                self.take(b"")
        self.take(b"")

    async def _send(self, channel: int, data: bytes) -> None:
        if data and not self._socket.closed:
            await self._socket.send_bytes(bytes([channel]) + data)


class StreamTerminal(_Typed):
    """The caller behind the streams of a SPDY session; `wanted` are the kinds it will open, `error` among them."""

    def __init__(self, session: SpdySession, wanted: frozenset[str]) -> None:
        super().__init__()
        self._session = session
        self._wanted = wanted
        self._streams: dict[str, SpdyStream] = {}

    async def open(self) -> bool:
        """Accept the streams; False when the caller does not open them all in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STREAMS_WITHIN_S):
                while set(self._streams) < self._wanted:
                    stream = await self._session.accept()
                    if stream is None:
                        return False
                    await stream.reply()
                    self._streams[stream.headers.get("streamtype", "")] = stream
        return set(self._streams) >= self._wanted

    async def write(self, data: bytes) -> None:
        await self._send("stdout", data)

    async def write_error(self, data: bytes) -> None:
        await self._send("stderr" if "stderr" in self._streams else "stdout", data)

    async def finish(self, status: Mapping[str, Any]) -> None:
        """Send the final Status and end every stream."""
        await self._streams["error"].write(encode(dict(status)))
        for stream in self._streams.values():
            await stream.finish()

    async def listen(self) -> None:
        """Take input and sizes until the caller goes away."""
        readers = [asyncio.ensure_future(each) for each in (self._read_input(), self._read_sizes())]
        try:
            await self._session.over.wait()
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
        self.take(b"")

    async def _read_input(self) -> None:
        stream = self._streams.get("stdin")
        while stream is not None:
            data = await stream.read()
            self.take(data)
            if not data:
                return

    async def _read_sizes(self) -> None:
        stream = self._streams.get("resize")
        while stream is not None and (data := await stream.read()):
            self.resize(data)

    async def _send(self, name: str, data: bytes) -> None:
        stream = self._streams.get(name)
        if stream is not None and data:
            await stream.write(data)
