"""What a kubelet streams over WebSockets: exec, attach and port-forward, with real processes and real connections.

Written from the kubelet's wsstream and remotecommand sources (1.20), not from our client: channels 0 to 4 by a
leading byte; the kubelet of that age knows no v5.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import struct
import termios
from typing import Any

from aiohttp import WSMsgType, web

_PROTOCOLS = ("v4.channel.k8s.io",)
_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE = range(5)
_CHUNK = 32 * 1024


def add_routes(application: web.Application) -> None:
    """Serve the streaming paths of a kubelet."""
    for method in ("GET", "POST"):
        application.router.add_route(method, "/exec/{namespace}/{pod}/{container}", _exec)
        application.router.add_route(method, "/attach/{namespace}/{pod}/{container}", _attach)
        application.router.add_route(method, "/portForward/{namespace}/{pod}", _forward)


async def _opened(request: web.Request) -> web.WebSocketResponse:
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise web.HTTPBadRequest(text="Upgrade request required")
    socket = web.WebSocketResponse(protocols=_PROTOCOLS)
    await socket.prepare(request)
    return socket


async def _exec(request: web.Request) -> web.StreamResponse:
    command = request.query.getall("command", [])
    if request.match_info["container"] == "gone":
        raise web.HTTPNotFound(text='unable to upgrade connection: container not found ("gone")')
    socket = await _opened(request)
    await socket.send_bytes(bytes([_STDOUT]))  # tells that the connection is made
    await _run(socket, command, tty=request.query.get("tty") == "1")
    await socket.close()
    return socket


async def _attach(request: web.Request) -> web.StreamResponse:
    """The container's main process is one that answers each line in capitals."""
    socket = await _opened(request)
    await _run(socket, ["sh", "-c", "while read line; do echo $line | tr a-z A-Z; done"], tty=False)
    await socket.close()
    return socket


async def _run(socket: web.WebSocketResponse, command: list[str], *, tty: bool) -> None:
    leader = follower = -1
    if tty:
        leader, follower = os.openpty()
    pipe = follower if tty else asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
            preexec_fn=_take_terminal if tty else None,
        )
    except OSError:
        text = f'exec failed: "{command[0]}": executable file not found in $PATH: unknown'
        return await _end(socket, {"status": "Failure", "message": text, "reason": "InternalError", "code": 500})
    finally:
        if tty:
            os.close(follower)
    listening = asyncio.create_task(_listen(socket, process, leader))
    copying = [asyncio.create_task(each) for each in _copies(socket, process, leader)]

    def hang_up(_: asyncio.Task[None]) -> None:
        if process.returncode is None:
            process.terminate()

    try:
        # Whoever hangs up ends what it ran, as the end of its terminal or input does.
        listening.add_done_callback(hang_up)
        code = await process.wait()
        await asyncio.gather(*copying)
        await _end(socket, _exit_status(code))
    finally:
        for task in (listening, *copying):
            task.cancel()
        if process.returncode is None:
            process.kill()
        if tty:
            os.close(leader)


def _exit_status(code: int) -> dict[str, Any]:
    if code == 0:
        return {"status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code if code > 0 else 128 - code)}]
    text = f"command terminated with non-zero exit code: exit status {code}"
    return {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}, "message": text}


def _take_terminal() -> None:
    """Make its input its controlling terminal, as a container's runtime does: ctrl-c is a signal then."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _copies(socket: web.WebSocketResponse, process: asyncio.subprocess.Process, leader: int) -> list[Any]:
    if leader >= 0:
        return [_copy_terminal(socket, leader)]
    assert process.stdout is not None
    assert process.stderr is not None
    return [_copy(socket, _STDOUT, process.stdout), _copy(socket, _STDERR, process.stderr)]


async def _copy(socket: web.WebSocketResponse, channel: int, source: asyncio.StreamReader) -> None:
    while data := await source.read(_CHUNK):
        await _send(socket, channel, data)


async def _copy_terminal(socket: web.WebSocketResponse, leader: int) -> None:
    while True:
        try:
            data = await asyncio.to_thread(os.read, leader, _CHUNK)
        except OSError:  # how Linux tells that nobody has the other side open any more
            return
        await _send(socket, _STDOUT, data)


async def _send(socket: web.WebSocketResponse, channel: int, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        await socket.send_bytes(bytes([channel]) + data)


async def _listen(socket: web.WebSocketResponse, process: asyncio.subprocess.Process, leader: int) -> None:
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        if channel == _RESIZE and leader >= 0:
            size = json.loads(data)
            fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))
        elif channel == _STDIN and leader >= 0:
            os.write(leader, data)
        elif channel == _STDIN and process.stdin is not None:
            process.stdin.write(data)
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()


async def _end(socket: web.WebSocketResponse, status: dict[str, Any]) -> None:
    await _send(socket, _STATUS, json.dumps({"metadata": {}} | status).encode())


async def _forward(request: web.Request) -> web.StreamResponse:
    """Forward to the same port of loopback: what listens there plays the pod."""
    port = int(request.query["port"])
    socket = await _opened(request)
    for channel in (0, 1):
        await socket.send_bytes(bytes([channel]) + port.to_bytes(2, "little"))
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        text = (
            f"an error occurred forwarding {port} -> {port}: exit status 1: socat: connect(127.0.0.1:{port}): {error}"
        )
        await _send(socket, 1, text.encode())
        await socket.close()
        return socket
    copying = asyncio.create_task(_copy(socket, 0, reader))
    listening = asyncio.create_task(_pass_on(socket, writer))
    try:
        await asyncio.wait((copying, listening), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (copying, listening):
            task.cancel()
        await asyncio.gather(copying, listening, return_exceptions=True)
        writer.close()
        await socket.close()
    return socket


async def _pass_on(socket: web.WebSocketResponse, writer: asyncio.StreamWriter) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY and message.data[:1] == b"\x00":
            writer.write(message.data[1:])
            await writer.drain()
