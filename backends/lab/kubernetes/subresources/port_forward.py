"""Port forwarding in the three ways clients ask for it: a WebSocket of channels, SPDY, and SPDY inside a WebSocket.

Over channels (v4.channel.k8s.io) port number n of the query has channel 2n for data and 2n+1 for errors; the server
begins both with the port's number in two bytes, low byte first. Over SPDY the client opens two streams for every
connection it forwards, told by the headers streamType, port and requestID. Servers tunnel SPDY since 1.31.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiohttp import WSMsgType, web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.spdy import SpdySession, SpdyStream, asks_for_spdy, serve_tunnelled, serve_upgraded
from backends.lab.kubernetes.statuses import ApiError, bad_request
from backends.lab.kubernetes.subresources.containers import ended

_CHANNELS = "v4.channel.k8s.io"
_STREAMS = "portforward.k8s.io"
_TUNNEL = f"SPDY/3.1+{_STREAMS}"
_TUNNELS_SINCE_MINOR = 31
_CHUNK = 32 * 1024


class _Pod:
    """The pod whose ports are forwarded."""

    def __init__(self, context: ApiContext, call: Call, uid: str) -> None:
        self._context = context
        self._call = call
        self._uid = uid

    async def connect(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to what stands for a port; OSError in the kubelet's words when nothing listens there."""
        address = self._context.nodes.port_answers(self._call.namespace, self._call.name, port)
        if address is None:
            sandbox = self._uid.replace("-", "") * 2
            raise ConnectionRefusedError(
                f"error forwarding port {port} to pod {sandbox}, uid : failed to execute portforward in network "
                f'namespace "/var/run/netns/cni-{self._uid}": failed to connect to localhost:{port} inside namespace '
                f'"{sandbox}", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6 '
                f"[::1]:{port}: connect: connection refused "
            )
        return await asyncio.open_connection(*address)

    async def ended(self) -> None:
        """Return when the pod is gone or runs no more."""
        await ended(self._context, self._call.namespace, self._call.name, self._uid)

    async def serve_streams(self, session: SpdySession, protocol: str) -> None:
        """Forward every pair of streams the client opens, until the pod ends."""
        dying = asyncio.ensure_future(self.ended())
        taking = asyncio.ensure_future(self._take_streams(session))
        try:
            await asyncio.wait((dying, taking), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(dying, taking)

    async def _take_streams(self, session: SpdySession) -> None:
        waiting: dict[str, SpdyStream] = {}
        forwards: set[asyncio.Task[None]] = set()
        try:
            while stream := await session.accept():
                await stream.reply()
                # kubectl sends its error stream first; both carry the number of the request.
                other = waiting.pop(stream.headers.get("requestid", ""), None)
                if other is None:
                    waiting[stream.headers.get("requestid", "")] = stream
                    continue
                pair = (stream, other) if stream.headers.get("streamtype") == "data" else (other, stream)
                forward = asyncio.create_task(self._forward(*pair))
                forwards.add(forward)
                forward.add_done_callback(forwards.discard)
        finally:
            await _cancel(*forwards)

    async def _forward(self, data: SpdyStream, errors: SpdyStream) -> None:
        """Carry one connection; what goes wrong is said on the error stream."""
        try:
            reader, writer = await self.connect(int(data.headers.get("port", "0")))
        except OSError as error:
            await errors.write(str(error).encode())
            await errors.finish()
            await data.finish()
            return
        outward = asyncio.ensure_future(_send_all(reader, data))
        inward = asyncio.ensure_future(_receive_all(data, writer))
        try:
            await outward  # what the port still says is carried even when the client said its last
        except ConnectionError as error:
            await errors.write(str(error).encode())
        finally:
            await _cancel(inward, outward)
            writer.close()
        await data.finish()
        await errors.finish()


async def _send_all(reader: asyncio.StreamReader, stream: SpdyStream) -> None:
    while data := await reader.read(_CHUNK):
        await stream.write(data)


async def _receive_all(stream: SpdyStream, writer: asyncio.StreamWriter) -> None:
    while data := await stream.read():
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _cancel(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await task


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.StreamResponse:
    """Answer pods/portforward; 400 when it asks for none of the three ways, or for no port over channels."""
    pod = stored_object(context, call, resource)
    phase = (pod.get("status") or {}).get("phase", "Unknown")
    asked = request.headers.get("Sec-WebSocket-Protocol", "")
    ways = [part.strip() for part in asked.split(",")]
    over_spdy = asks_for_spdy(request)
    over_tunnel = _TUNNEL in ways and minor_of(context.version) >= _TUNNELS_SINCE_MINOR
    if not over_spdy and not over_tunnel and _CHANNELS not in ways:
        raise bad_request("Upgrade request required")
    if phase != "Running":
        why = f"unable to forward port because pod is not running. Current status={phase}"
        raise ApiError(500, "InternalError", why)
    running = _Pod(context, call, pod["metadata"]["uid"])
    if over_spdy:
        return await serve_upgraded(request, (_STREAMS,), running.serve_streams)
    if over_tunnel:
        return await serve_tunnelled(request, _TUNNEL, _STREAMS, running.serve_streams)
    ports = _ports(request)
    socket = web.WebSocketResponse(protocols=(_CHANNELS,))
    await socket.prepare(request)
    await _serve_channels(socket, running, ports)
    return socket


class _Channel:
    """One port of a WebSocket of channels: a connection to what stands for it."""

    def __init__(self, socket: web.WebSocketResponse, number: int, port: int) -> None:
        self._socket = socket
        self._number = number
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, pod: _Pod) -> asyncio.StreamReader | None:
        """Announce the port and connect; what goes wrong is told on the error channel."""
        for number in (self._number, self._number + 1):
            await self._socket.send_bytes(bytes([number]) + self._port.to_bytes(2, "little"))
        try:
            reader, self._writer = await pod.connect(self._port)
        except OSError as error:
            await self._socket.send_bytes(bytes([self._number + 1]) + str(error).encode())
            return None
        return reader

    async def receive(self, reader: asyncio.StreamReader) -> None:
        """Send everything the port says."""
        while data := await reader.read(_CHUNK):
            await self._socket.send_bytes(bytes([self._number]) + data)

    async def send(self, data: bytes) -> None:
        """Pass on what the caller says."""
        if self._writer is not None:
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


async def _serve_channels(socket: web.WebSocketResponse, pod: _Pod, ports: list[int]) -> None:
    """Carry bytes both ways until the caller goes, the pod ends, or every port said its last, as the kubelet does."""
    channels = [_Channel(socket, 2 * index, port) for index, port in enumerate(ports)]
    receiving: list[asyncio.Future[None]] = []
    ends: list[asyncio.Future[None]] = [asyncio.ensure_future(pod.ended())]
    try:
        for channel in channels:
            reader = await channel.open(pod)
            if reader is not None:
                receiving.append(asyncio.ensure_future(channel.receive(reader)))
        # Not before there is somebody to pass on to what the caller sends.
        ends.append(asyncio.ensure_future(_listen(socket, channels)))
        ends.append(asyncio.ensure_future(_over(tuple(receiving))))
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*ends, *receiving)
        for channel in channels:
            channel.close()
        await socket.close()


async def _over(receiving: Sequence[asyncio.Future[None]]) -> None:
    await asyncio.gather(*receiving, return_exceptions=True)


async def _listen(socket: web.WebSocketResponse, channels: list[_Channel]) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data and message.data[0] // 2 < len(channels):
            with contextlib.suppress(ConnectionError):  # the port ended; what it said still arrives
                await channels[message.data[0] // 2].send(message.data[1:])


def _ports(request: web.Request) -> list[int]:
    asked = [part for text in request.query.getall("ports", []) for part in text.split(",")]
    try:
        ports = [int(part) for part in asked]
    except ValueError:
        raise bad_request(f"invalid port in {','.join(asked)!r}") from None
    if not ports or not all(0 < port < 65536 for port in ports):
        raise bad_request('query parameter "ports" is required')
    return ports
