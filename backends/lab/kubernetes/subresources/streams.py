"""exec over a WebSocket: channels multiplexed by a leading byte, as v4.channel.k8s.io and v5 define them.

Channel 0 is standard input, 1 output, 2 error, 3 the final Status, 4 terminal sizes; in v5 channel 255
announces that the client closed another channel.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.node_services import ContainerUnavailable
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.representations import encode
from backends.lab.kubernetes.statuses import ApiError, bad_request
from backends.lab.kubernetes.subresources.containers import choose_container, container_status
from backends.lab.objects import NoSuchObject

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _CLOSE = 0, 1, 2, 3, 4, 255


class _SocketTerminal:
    """The caller behind a WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, *, tty: bool) -> None:
        self._socket = socket
        self._tty = tty
        self._typed: asyncio.Queue[bytes] = asyncio.Queue()
        self._size = (80, 24)

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    async def read(self) -> bytes:
        return await self._typed.get()

    async def write(self, data: bytes) -> None:
        await self._send(_STDOUT, data)

    async def write_error(self, data: bytes) -> None:
        await self._send(_STDOUT if self._tty else _STDERR, data)

    async def _send(self, channel: int, data: bytes) -> None:
        if data and not self._socket.closed:
            await self._socket.send_bytes(bytes([channel]) + data)

    async def finish(self, status: dict[str, Any]) -> None:
        """Send the final Status."""
        if not self._socket.closed:
            await self._socket.send_bytes(bytes([_STATUS]) + encode(status))

    async def listen(self) -> None:
        """Take what the caller sends until it goes away."""
        async for message in self._socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            if channel == _STDIN and data:
                self._typed.put_nowait(data)
            elif channel == _RESIZE:
                with contextlib.suppress(msgspec.DecodeError):
                    wanted = msgspec.json.decode(data)
                    self._size = (int(wanted.get("Width", 80)), int(wanted.get("Height", 24)))
            elif channel == _CLOSE and data[:1] == b"\x00":
                self._typed.put_nowait(b"")
        self._typed.put_nowait(b"")


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.StreamResponse:
    """Answer GET (or POST) of pods/exec; 400 when it is no WebSocket, the container's state as errors."""
    pod = stored_object(context, call, resource)
    container = choose_container(call, pod)
    command = request.query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least 1 command for the container")
    state = (container_status(pod, container) or {}).get("state") or {}
    if state.get("running") is None:
        raise ApiError(500, "InternalError", f'unable to upgrade connection: container not found ("{container}")')
    asked = request.headers.get("Sec-WebSocket-Protocol", "")
    if request.headers.get("Upgrade", "").lower() != "websocket" or not any(each in asked for each in _PROTOCOLS):
        raise bad_request("Upgrade request required")
    socket = web.WebSocketResponse(protocols=_PROTOCOLS, heartbeat=None)
    await socket.prepare(request)
    tty = call.flag("tty")
    terminal = _SocketTerminal(socket, tty=tty)
    listener = asyncio.create_task(terminal.listen())
    work = asyncio.create_task(_run(context, call, container, command, terminal, tty=tty))
    try:
        await asyncio.wait((listener, work), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, listener):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task
        await socket.close()
    return socket


async def _run(
    context: ApiContext, call: Call, container: str, command: list[str], terminal: _SocketTerminal, *, tty: bool
) -> None:
    try:
        code = await context.nodes.exec(call.namespace, call.name, container, command, terminal, tty=tty)
        status = _exit_status(code)
    except (ContainerUnavailable, NoSuchObject) as error:
        status = {"metadata": {}, "status": "Failure", "message": str(error), "reason": "InternalError", "code": 500}
    await terminal.finish(status)


def _exit_status(code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: command terminated with exit code {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
