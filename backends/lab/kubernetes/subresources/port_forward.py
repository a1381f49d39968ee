"""Port forwarding over a WebSocket: two channels a port, as portforward of v4.channel.k8s.io defines them.

Port number n of the query has channel 2n for data and 2n+1 for errors; the server begins both with the
port's number in two bytes, low byte first.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiohttp import WSMsgType, web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.statuses import ApiError, bad_request

_PROTOCOL = "v4.channel.k8s.io"
_CHUNK = 32 * 1024


class _Forward:
    """One port of one session: a connection to what stands for it."""

    def __init__(self, socket: web.WebSocketResponse, channel: int, port: int) -> None:
        self._socket = socket
        self._channel = channel
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, address: tuple[str, int] | None) -> asyncio.StreamReader | None:
        """Announce the port and connect; what goes wrong is told on the error channel."""
        number = self._port.to_bytes(2, "little")
        for channel in (self._channel, self._channel + 1):
            await self._socket.send_bytes(bytes([channel]) + number)
        try:
            if address is None:
                raise ConnectionRefusedError(f"connect: connection refused on port {self._port}")
            reader, self._writer = await asyncio.open_connection(*address)
        except OSError as error:
            text = f"an error occurred forwarding {self._port}: {error}"
            await self._socket.send_bytes(bytes([self._channel + 1]) + text.encode())
            return None
        return reader

    async def receive(self, reader: asyncio.StreamReader) -> None:
        """Send everything the port says."""
        while data := await reader.read(_CHUNK):
            await self._socket.send_bytes(bytes([self._channel]) + data)

    async def send(self, data: bytes) -> None:
        """Pass on what the caller says."""
        if self._writer is not None:
            self._writer.write(data)
            await self._writer.drain()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.StreamResponse:
    """Answer GET of pods/portforward; 400 when it is no WebSocket or names no port."""
    pod = stored_object(context, call, resource)
    ports = _ports(request)
    phase = (pod.get("status") or {}).get("phase", "Unknown")
    if phase != "Running":
        why = f"unable to forward port because pod is not running. Current status={phase}"
        raise ApiError(500, "InternalError", why)
    if _PROTOCOL not in request.headers.get("Sec-WebSocket-Protocol", ""):
        raise bad_request("Upgrade request required")
    socket = web.WebSocketResponse(protocols=(_PROTOCOL,))
    await socket.prepare(request)
    addresses = [context.nodes.port_answers(call.namespace, call.name, port) for port in ports]
    await _forward(socket, ports, addresses)
    return socket


async def _forward(socket: web.WebSocketResponse, ports: list[int], addresses: list[tuple[str, int] | None]) -> None:
    """Carry bytes both ways until the caller goes, or all ports have ended: then the kubelet says goodbye."""
    forwards = [_Forward(socket, 2 * index, port) for index, port in enumerate(ports)]
    tasks = []
    try:
        for forward, address in zip(forwards, addresses, strict=True):
            reader = await forward.open(address)
            if reader is not None:
                tasks.append(asyncio.create_task(forward.receive(reader)))
        ending = asyncio.create_task(_end_after(socket, tuple(tasks)))
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY and message.data and message.data[0] // 2 < len(forwards):
                    with contextlib.suppress(ConnectionError):  # the port ended; what it said still arrives
                        await forwards[message.data[0] // 2].send(message.data[1:])
        finally:
            tasks.append(ending)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
        for forward in forwards:
            forward.close()
        await socket.close()


async def _end_after(socket: web.WebSocketResponse, receiving: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*receiving, return_exceptions=True)
    await socket.close()


def _ports(request: web.Request) -> list[int]:
    asked = [part for text in request.query.getall("ports", []) for part in text.split(",")]
    try:
        ports = [int(part) for part in asked]
    except ValueError:
        raise bad_request(f"invalid port in {','.join(asked)!r}") from None
    if not ports or not all(0 < port < 65536 for port in ports):
        raise bad_request('query parameter "ports" is required')
    return ports
