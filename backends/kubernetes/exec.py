"""Commands in containers: interactive or at once, over a WebSocket, with their exit code.

Source: the kubelet's remotecommand protocol, channels 0 to 3 for input, output, errors and the final Status, 4 for
the terminal's size; v5 (from 1.30) adds the closing of one channel.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from backends.errors import Invalid, NotFound, SourceError, Unreachable
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.kubernetes.failures import Status
from backends.kubernetes.familiar import PODS
from backends.kubernetes.streams_socket import V4, V5, ChannelSocket

_STATUS = msgspec.json.Decoder(Status)
_STDIN, _ENDED, _RESIZE = 0, 3, 4
_NO_SUCH_PROGRAM = ("executable file not found", "no such file or directory", "not found in $PATH")
_END_OF_INPUT = b"\x04"
_OUTPUT_LIMIT = 1 << 20


class Channel(IntEnum):
    """Where a piece of a command's output comes from; with a terminal all is OUTPUT."""

    OUTPUT = 1
    ERRORS = 2


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A command that ended: its exit code and what it wrote, each cut after `limit` bytes."""

    exit_code: int
    output: bytes
    errors: bytes


class ExecStream:
    """A command that runs in a container; every call raises only SourceError.

    Unreachable when the link was cut: the command may go on without us.
    """

    def __init__(self, socket: ChannelSocket, doing: str, stamp: str, *, tty: bool) -> None:
        self._socket = socket
        self._doing = doing
        self._stamp = stamp
        self._tty = tty
        self.exit_code: int | None = None
        """Its exit code, once `read` returned None."""

    async def read(self) -> tuple[Channel, bytes] | None:
        """Return the next piece of output; None when the command ended, whose `exit_code` is then known.

        Invalid when the command could not be started, NotFound when the image has no such program.
        """
        if self.exit_code is not None:
            return None
        while (received := await self._receive()) is not None:
            channel, data = received
            if channel == _ENDED:
                self.exit_code = self._judge(data)
                return None
            if channel in (Channel.OUTPUT, Channel.ERRORS):
                return Channel(channel), data
        why = "the connection ended before the command did; it may still run"
        raise Unreachable(f"lost: {self._doing}", why=why, todo="open it again and look", stamp=self._stamp)

    async def write(self, data: bytes) -> None:
        """Send input; waits while the command does not take it."""
        await self._socket.send(_STDIN, data)

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the command the size of its terminal."""
        await self._socket.send(_RESIZE, msgspec.json.encode({"Width": columns, "Height": rows}))

    @property
    def can_end_input(self) -> bool:
        """Whether `close_stdin` can be said: with a terminal, or where the API speaks v5 (from 1.30)."""
        return self._tty or self._socket.can_close_channels

    async def close_stdin(self) -> None:
        """Say that no more input comes; Invalid when this API has no way to say so."""
        if self._socket.can_close_channels:
            await self._socket.close_channel(_STDIN)
        elif self._tty:
            await self.write(_END_OF_INPUT)
        else:
            why = "this API cannot tell a command that its input ended (Kubernetes can from 1.30 on)"
            todo = "give it a command that knows where its input ends, such as `head -c`"
            raise Invalid(f"cannot {self._doing} with input", why=why, todo=todo, stamp=self._stamp)

    async def _receive(self) -> tuple[int, bytes] | None:
        try:
            return await self._socket.receive()
        except Unreachable as cut:
            cut.what = f"lost: {self._doing}"
            cut.why, cut.todo = f"{cut.why}; the command may still run", "open it again and look"
            raise

    def _judge(self, data: bytes) -> int:
        try:
            status = _STATUS.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # Before v4 the channel held plain words.
            status = Status(message=data.decode(errors="replace"))
        if status.status == "Success":
            return 0
        for cause in status.causes:
            if cause.reason == "ExitCode" and cause.message.isdecimal():
                return int(cause.message)
        raise self._not_started(failures.clean(status.message or status.reason))

    def _not_started(self, said: str) -> SourceError:
        what = f"cannot {self._doing}"
        if any(each in said for each in _NO_SUCH_PROGRAM):
            todo = "the image has no such program: try another shell, or a debug container with one"
            return NotFound(what, why=said, todo=todo, stamp=self._stamp)
        return Invalid(
            what, why=said or "the container's runtime refused it", todo="look at the pod", stamp=self._stamp
        )


@contextlib.asynccontextmanager
async def open_exec(
    connection: Connection,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    *,
    tty: bool,
    stdin: bool,
) -> AsyncIterator[ExecStream]:
    """Run a command in a container; an empty name means the pod's only or default one.

    Leaving cuts the connection, which ends what reads its input or has a terminal; other commands may go on.
    """
    doing = f"run {command[0] if command else 'nothing'} in {namespace}/{pod}{_named(container)}"
    query = [*_in(container), *(("command", each) for each in command)]
    path = PODS.path(namespace, pod, "exec")
    async with _open(connection, path, query, doing, tty=tty, stdin=stdin) as stream:
        yield stream


@contextlib.asynccontextmanager
async def open_attach(
    connection: Connection, namespace: str, pod: str, container: str, *, tty: bool, stdin: bool
) -> AsyncIterator[ExecStream]:
    """Join the main process of a container, from now on."""
    doing = f"attach to {namespace}/{pod}{_named(container)}"
    path = PODS.path(namespace, pod, "attach")
    async with _open(connection, path, _in(container), doing, tty=tty, stdin=stdin) as stream:
        yield stream


def _in(container: str) -> Sequence[tuple[str, str]]:
    return [("container", container)] if container else []


def _named(container: str) -> str:
    return f" ({container})" if container else ""


@contextlib.asynccontextmanager
async def _open(
    connection: Connection, path: str, query: Sequence[tuple[str, str]], doing: str, *, tty: bool, stdin: bool
) -> AsyncIterator[ExecStream]:
    # With a terminal there is no channel of errors: old servers refuse to open both.
    flags = {"stdin": stdin, "stdout": True, "stderr": not tty, "tty": tty}
    asked = [*query, *((name, "true") for name, wanted in flags.items() if wanted)]
    async with connection.socket(path, asked, (V5, V4), doing=doing) as socket:
        yield ExecStream(socket, doing, connection.stamp.name, tty=tty)


async def run_command(stream: ExecStream, given: bytes = b"", limit: int = _OUTPUT_LIMIT) -> CommandResult:
    """Give a command its input and read it to its end; of each output at most `limit` bytes are kept."""
    if given and not stream.can_end_input:
        await stream.close_stdin()
    kept = {Channel.OUTPUT: bytearray(), Channel.ERRORS: bytearray()}
    giving = asyncio.ensure_future(_give(stream, given))
    try:
        while (piece := await stream.read()) is not None:
            channel, data = piece
            kept[channel] += data[: max(0, limit - len(kept[channel]))]
    finally:
        # A command may end before it took all of its input.
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)
    assert stream.exit_code is not None
    return CommandResult(stream.exit_code, bytes(kept[Channel.OUTPUT]), bytes(kept[Channel.ERRORS]))


async def _give(stream: ExecStream, given: bytes) -> None:
    if given:
        await stream.write(given)
        await stream.close_stdin()
