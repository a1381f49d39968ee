"""One SPDY connection on the server's side: the streams its client opens, whatever carries the bytes."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping

from backends.lab.kubernetes.spdy.frames import (
    DATA,
    FIN,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SYN_REPLY,
    SYN_STREAM,
    BrokenFrame,
    Frame,
    FrameReader,
    HeaderBlocks,
    control_frame,
    data_frame,
)

_PIECE = 32 * 1024
_CANCELLED = 5  # the RST_STREAM status CANCEL
_MOST_HELD = 1 << 20


class SpdyStream:
    """One stream of a session: bytes both ways, each way ended by itself."""

    def __init__(self, session: SpdySession, number: int, headers: Mapping[str, str]) -> None:
        self._session = session
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = False
        self._finished = False
        self.number = number
        self.headers = headers

    async def reply(self) -> None:
        """Accept the stream."""
        await self._session.send_headers(SYN_REPLY, self.number, {})

    async def read(self) -> bytes:
        """Return what the client sent next; empty when it said its last."""
        if self._ended and self._arrived.empty():
            return b""
        data = await self._arrived.get()
        self._session.taken(len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes; nothing once the stream is finished."""
        for start in range(0, len(data), _PIECE):
            if self._finished:
                return
            await self._session.send(data_frame(self.number, data[start : start + _PIECE]))

    async def finish(self) -> None:
        """Say that nothing more comes from here."""
        if not self._finished:
            self._finished = True
            await self._session.send(data_frame(self.number, b"", last=True))

    async def reset(self) -> None:
        """Give the stream up in both directions."""
        self._finished = True
        self.end()
        await self._session.send(control_frame(RST_STREAM, struct.pack("!II", self.number, _CANCELLED)))

    def arrived(self, data: bytes) -> None:
        """Take what the client sent."""
        if data and not self._ended:
            self._arrived.put_nowait(data)

    def end(self) -> None:
        """Note that the client says no more."""
        if not self._ended:
            self._ended = True
            self._arrived.put_nowait(b"")


class SpdySession:
    """Streams over a carrier; `send` passes bytes on to the client, in the order of the calls."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._pass_on = send
        self._reader = FrameReader()
        self._blocks = HeaderBlocks()
        self._streams: dict[int, SpdyStream] = {}
        self._opened: asyncio.Queue[SpdyStream | None] = asyncio.Queue()
        self._sending = asyncio.Lock()
        self._held = 0
        self._room = asyncio.Event()
        self._room.set()
        self.over = asyncio.Event()
        """Set when the connection is of no more use."""

    async def accept(self) -> SpdyStream | None:
        """Return the next stream the client opens, None when the session is over."""
        return await self._opened.get()

    async def feed(self, data: bytes) -> None:
        """Take bytes from the client; waits while much of what came before was not read."""
        try:
            for frame in self._reader.feed(data):
                await self._take(frame)
        except BrokenFrame:
            self.end()
        await self._room.wait()

    def end(self) -> None:
        """Note that no more comes: every stream ends, nobody waits for another."""
        if not self.over.is_set():
            self.over.set()
            self._room.set()
            for stream in self._streams.values():
                stream.end()
            self._opened.put_nowait(None)

    async def send(self, frame: bytes) -> None:
        """Send one frame; nothing once the session is over."""
        async with self._sending:
            await self._send_now(frame)

    async def send_headers(self, kind: int, stream: int, headers: Mapping[str, str]) -> None:
        """Send a frame with headers: compressed and sent in one order, for the block depends on those before."""
        async with self._sending:
            block = self._blocks.pack(headers)
            await self._send_now(control_frame(kind, struct.pack("!I", stream) + block))

    async def _send_now(self, frame: bytes) -> None:
        if self.over.is_set():
            return
        try:
            await self._pass_on(frame)
        except ConnectionError:  # the client went away: there is nobody to tell
            self.end()

    def taken(self, count: int) -> None:
        """Note that a stream's bytes were read."""
        self._held -= count
        if self._held < _MOST_HELD:
            self._room.set()

    async def _take(self, frame: Frame) -> None:
        if frame.kind == SYN_STREAM:
            self._open(frame)
        elif frame.kind == HEADERS:
            self._blocks.unpack(frame.payload)
        elif frame.kind == PING and len(frame.payload) == 4 and frame.payload[3] & 1:
            await self.send(control_frame(PING, frame.payload))
        elif frame.kind == GOAWAY:
            self.end()
        elif stream := self._streams.get(frame.stream):
            if frame.kind == DATA:
                self._hold(len(frame.payload))
                stream.arrived(frame.payload)
            if frame.is_last or frame.kind == RST_STREAM:
                stream.end()

    def _open(self, frame: Frame) -> None:
        headers = self._blocks.unpack(frame.payload[6:])  # after the associated stream, priority and slot
        stream = self._streams[frame.stream] = SpdyStream(self, frame.stream, headers)
        if frame.flags & FIN:
            stream.end()
        self._opened.put_nowait(stream)

    def _hold(self, count: int) -> None:
        self._held += count
        if self._held >= _MOST_HELD:
            self._room.clear()
