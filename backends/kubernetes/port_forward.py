"""One connection to a port of a pod, over a WebSocket of its own.

Source: the kubelet's portforward over `v4.channel.k8s.io`: channel 0 carries data and 1 errors; the server begins
both with the port's number in two bytes. There is no way to end one direction alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from backends.errors import Unreachable
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.kubernetes.familiar import PODS
from backends.kubernetes.streams_socket import V4, ChannelSocket

_DATA, _ERRORS = 0, 1
_PREFIX = 2


class PortStream:
    """A connection to a port of a pod; every call raises only SourceError, Unreachable when the link was cut."""

    def __init__(self, socket: ChannelSocket, what: str, stamp: str) -> None:
        self._socket = socket
        self._what = what
        self._stamp = stamp
        self._skip = {_DATA: _PREFIX, _ERRORS: _PREFIX}

    async def read(self) -> bytes | None:
        """Return what came next; None when the pod closed the connection.

        Unreachable, in the kubelet's words, when nothing listens on the port.
        """
        while (received := await self._socket.receive()) is not None:
            channel, data = received
            skipped = min(self._skip.get(channel, 0), len(data))
            if skipped:
                self._skip[channel] -= skipped
                data = data[skipped:]
            if data and channel == _DATA:
                return data
            if data and channel == _ERRORS:
                why = failures.clean(data.decode(errors="replace"))
                todo = "does the container listen on that port?"
                raise Unreachable(f"cannot {self._what}", why=why, todo=todo, stamp=self._stamp)
        return None

    async def write(self, data: bytes) -> None:
        """Send data; waits while the pod does not take it."""
        await self._socket.send(_DATA, data)


@contextlib.asynccontextmanager
async def open_port(connection: Connection, namespace: str, pod: str, port: int) -> AsyncIterator[PortStream]:
    """Connect to a port of a pod; leaving cuts the connection."""
    doing = f"reach port {port} of {namespace}/{pod}"
    path = PODS.path(namespace, pod, "portforward")
    async with connection.socket(path, [("ports", str(port))], (V4,), doing=doing) as socket:
        yield PortStream(socket, doing, connection.stamp.name)
