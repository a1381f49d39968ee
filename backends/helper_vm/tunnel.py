"""Ways through a helper VM to what only it reaches: local ports that stay while the connection comes and goes.

As with `ssh -L`, what comes in at such a port is carried by the VM to one address; unlike it, only processes of our
own account are let in, as far as the system tells whose a connection is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from pathlib import Path

import asyncssh

from backends.errors import SourceError, Unreachable
from backends.helper_vm import failures
from backends.helper_vm.keeping import Keeping
from backends.helper_vm.route import Link
from backends.helper_vm.timing import Timing

_AT_ONCE = 256 * 1024
_LOOPBACK = "127.0.0.1"


class Tunnel:
    """The ways through one helper VM; calls raise only SourceError."""

    def __init__(self, keeping: Keeping, timing: Timing) -> None:
        self._keeping = keeping
        self._timing = timing
        self._forwards: dict[tuple[str, int], Forward] = {}

    async def reach(self, host: str, port: int, within_s: float) -> tuple[str, int]:
        """Return the local address that leads to a host and port as the VM sees them, once the VM is connected.

        The address stays the same however often the connection is lost. Unreachable tells what is waited for.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._keeping.link()
        except TimeoutError:
            raise self._too_late(host, port, within_s) from None
        except SourceError as error:
            # Whoever is on the way to something else has to be told what the reason is about.
            error.what, error.why = f"no way to {host}:{port}", _whole(error)
            raise
        forward = self._forwards.get((host, port))
        if forward is None:
            forward = self._forwards[host, port] = Forward(self._keeping, host, port, self._timing)
        return await forward.address()

    def why_broken(self, host: str, port: int) -> str:
        """Return why the last connection to there was cut by us, or nothing."""
        forward = self._forwards.get((host, port))
        return forward.problem if forward is not None else ""

    async def close(self) -> None:
        """Close every port and what goes through it."""
        for each in self._forwards.values():
            await each.close()
        self._forwards.clear()

    def _too_late(self, host: str, port: int, within_s: float) -> Unreachable:
        place, state = self._keeping.place, self._keeping.state.value
        what = f"no way to {host}:{port} through {place.where}"
        why = state.reason or f"not connected within {within_s:g} s"
        return Unreachable(what, why=why, todo=state.todo or "it goes on by itself", stamp=place.stamp)


class Forward:
    """One local port and where it leads."""

    def __init__(self, keeping: Keeping, host: str, port: int, timing: Timing) -> None:
        self._keeping = keeping
        self._host = host
        self._port = port
        self._timing = timing
        self._server: asyncio.Server | None = None
        self._opening = asyncio.Lock()
        self._carrying: set[asyncio.Task[None]] = set()
        self.problem = ""
        """Why the last connection was cut; empty when the last one was let through."""

    async def address(self) -> tuple[str, int]:
        """Return the local address, listening from now on."""
        async with self._opening:
            if self._server is None:
                try:
                    self._server = await asyncio.start_server(self._accept, _LOOPBACK, 0)
                except OSError as error:
                    place, why = self._keeping.place, failures.clean(error.strerror)
                    what = f"no way to {self._host}:{self._port} through {place.where}"
                    raise Unreachable(what, why=f"no local port: {why}", stamp=place.stamp) from None
        return _LOOPBACK, int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for each in tuple(self._carrying):
            each.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_ours(writer):
                link = await self._keeping.link()
                await self._carry(link, reader, writer)
        except SourceError as error:
            self.problem = _whole(error)
        finally:
            _cut(writer)

    async def _carry(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        doing = f"reach {self._host}:{self._port}"
        try:
            async with asyncio.timeout(self._timing.open_s):
                there, out = await link.ssh.open_connection(self._host, self._port, encoding=None)
        except TimeoutError:
            raise failures.unanswered(link.place, doing, self._timing.open_s) from None
        except (OSError, asyncssh.Error) as error:
            raise failures.from_forwarding(error, link.place, self._host, self._port) from None
        self.problem = ""
        outward = asyncio.ensure_future(_pump_out(reader, out))
        inward = asyncio.ensure_future(_pump_in(there, writer))
        try:
            # The far end's goodbye ends it all; ours is passed on, for an answer may still come.
            await asyncio.wait((inward,))
            if not inward.cancelled() and inward.exception() is None and not link.is_lost:
                with contextlib.suppress(OSError):
                    writer.close()
                    await writer.wait_closed()
        finally:
            for each in (outward, inward):
                each.cancel()
            await asyncio.gather(outward, inward, return_exceptions=True)
            out.channel.abort()
        if link.is_lost:
            raise failures.lost(link.place, link.error)


def _whole(error: SourceError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


async def _pump_out(reader: asyncio.StreamReader, out: asyncssh.SSHWriter[bytes]) -> None:
    try:
        while piece := await reader.read(_AT_ONCE):
            out.write(piece)
            await out.drain()
        out.write_eof()
    except (OSError, asyncssh.Error):
        out.channel.abort()


async def _pump_in(there: asyncssh.SSHReader[bytes], writer: asyncio.StreamWriter) -> None:
    while piece := await there.read(_AT_ONCE):
        writer.write(piece)
        await writer.drain()


def _cut(writer: asyncio.StreamWriter) -> None:
    """End a local connection; one that still stands is reset, so that its user does not take it for a goodbye."""
    if writer.transport.is_closing():
        return
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end belongs to our own account; where the system does not tell, it is let in.

    Source: /proc/net/tcp, proc(5): local address, remote address and uid are fields 2, 3 and 8; hexadecimal.
    """
    peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    if not peer or not own:
        return False
    wanted = [f"0100007F:{peer[1]:04X}", f"0100007F:{own[1]:04X}"]
    try:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1:3] == wanted:
                return int(fields[7]) == os.getuid()
    except (OSError, ValueError, IndexError):
        return True
    return True
