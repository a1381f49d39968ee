"""exec and attach: a command in a container, or its own output, over a WebSocket of channels or over SPDY.

Servers know v5.channel.k8s.io since 1.30; kubectl speaks no older one over a WebSocket and falls back to SPDY.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from backends.lab.kubernetes.call import Call
from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.context import ApiContext
from backends.lab.kubernetes.node_services import ContainerUnavailable
from backends.lab.kubernetes.reading import stored_object
from backends.lab.kubernetes.spdy import SpdySession, asks_for_spdy, serve_upgraded
from backends.lab.kubernetes.statuses import ApiError, bad_request
from backends.lab.kubernetes.subresources.containers import choose_container, container_status, ended
from backends.lab.kubernetes.subresources.terminals import SocketTerminal, StreamTerminal
from backends.lab.objects import NoSuchObject

_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_V5_SINCE_MINOR = 30
_KILLED = 137

_Run = Callable[[SocketTerminal | StreamTerminal], Awaitable[int]]


async def serve(context: ApiContext, call: Call, request: web.Request, resource: Resource) -> web.StreamResponse:
    """Answer pods/exec and pods/attach; 400 when it is no upgrade, the container's state as errors."""
    pod = stored_object(context, call, resource)
    container = choose_container(call, pod)
    command = request.query.getall("command", [])
    if call.subresource == "exec" and not command:
        raise bad_request("you must specify at least 1 command for the container")
    state = (container_status(pod, container) or {}).get("state") or {}
    if state.get("running") is None:
        raise ApiError(500, "InternalError", f'unable to upgrade connection: container not found ("{container}")')
    tty = call.flag("tty")

    async def run(terminal: SocketTerminal | StreamTerminal) -> int:
        if call.subresource == "attach":
            return await _attach(context, call, container, terminal, tty=tty)
        if not call.flag("stdin"):
            terminal.take(b"")  # its input is /dev/null
        return await context.nodes.exec(call.namespace, call.name, container, command, terminal, tty=tty)

    until_killed = _mortal(context, call, pod["metadata"]["uid"], run)
    if asks_for_spdy(request):
        wanted = frozenset(("error", *_wanted_streams(call, tty=tty)))
        return await serve_upgraded(request, (_V4,), lambda session, _: _serve_session(session, wanted, until_killed))
    return await _serve_socket(request, minor_of(context.version), until_killed, tty=tty)


def _wanted_streams(call: Call, *, tty: bool) -> list[str]:
    kinds = [name for name in ("stdin", "stdout", "stderr") if call.flag(name) and not (tty and name == "stderr")]
    return [*kinds, "resize"] if tty else kinds


def _mortal(context: ApiContext, call: Call, uid: str, run: _Run) -> _Run:
    """Return a run that ends as a killed process does when its pod ends."""

    async def until_killed(terminal: SocketTerminal | StreamTerminal) -> int:
        work = asyncio.ensure_future(run(terminal))
        death = asyncio.ensure_future(ended(context, call.namespace, call.name, uid))
        try:
            await asyncio.wait((work, death), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else _KILLED
        finally:
            for task in (work, death):
                task.cancel()
            await asyncio.gather(work, death, return_exceptions=True)

    return until_killed


async def _attach(
    context: ApiContext, call: Call, container: str, terminal: SocketTerminal | StreamTerminal, *, tty: bool
) -> int:
    """Show what the container writes from now on, until it ends."""
    after = len(context.nodes.log(call.namespace, call.name, container))
    newline = "\r\n" if tty else "\n"
    async for batch in context.nodes.follow_log(call.namespace, call.name, container, after):
        text = "".join(f"{entry.text}{newline}" for entry in batch)
        await terminal.write(text.encode("utf-8", "surrogateescape"))
    return 0


async def _serve_session(session: SpdySession, wanted: frozenset[str], run: _Run) -> None:
    terminal = StreamTerminal(session, wanted)
    if await terminal.open():
        await _converse(terminal, run)


async def _serve_socket(request: web.Request, minor: int, run: _Run, *, tty: bool) -> web.StreamResponse:
    known = (_V5, _V4) if minor >= _V5_SINCE_MINOR else (_V4,)
    asked = [part.strip() for part in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if request.headers.get("Upgrade", "").lower() != "websocket" or not set(asked) & set(known):
        raise bad_request("Upgrade request required")
    socket = web.WebSocketResponse(protocols=known, heartbeat=None)
    await socket.prepare(request)
    try:
        await _converse(SocketTerminal(socket, tty=tty), run)
    finally:
        await socket.close()
    return socket


async def _converse(terminal: SocketTerminal | StreamTerminal, run: _Run) -> None:
    """Run while listening to the caller; who goes away ends it."""
    listener = asyncio.create_task(terminal.listen())
    work = asyncio.create_task(_run(terminal, run))
    try:
        await asyncio.wait((listener, work), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, listener):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await task


async def _run(terminal: SocketTerminal | StreamTerminal, run: _Run) -> None:
    try:
        status = _exit_status(await run(terminal))
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
