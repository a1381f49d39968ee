"""One SFTP session on the connection to a helper VM; NoSftp where there is none that works."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import asyncssh

from backends.errors import Forbidden, NotFound, ServerFailed, SourceError
from backends.helper_vm import failures
from backends.helper_vm.route import Link
from backends.model import inert

_AT_ONCE = 4 << 20
_BEGIN_S = 10.0
"""For SFTP to begin: a shell that prints something first may leave both sides waiting."""


class NoSftp(Exception):
    """SFTP is not offered, or what a shell prints at its start breaks it."""


class Transfer:
    """Reads and writes whole files; calls raise only SourceError."""

    def __init__(self, link: Link, client: asyncssh.SFTPClient) -> None:
        self._link = link
        self._client = client

    async def read(self, path: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a file."""
        try:
            async with self._client.open(_encoded(path), "rb", encoding=None) as file:
                while piece := await file.read(_AT_ONCE):
                    assert isinstance(piece, bytes)
                    yield piece
        except (asyncssh.Error, OSError) as error:
            raise self._mapped(error, f"read {inert.name(path)}") from None

    async def write(self, pieces: AsyncIterator[bytes], path: str, progress: Callable[[int], None]) -> None:
        """Write a new file, 0600, that did not exist before."""
        done = 0
        try:
            attributes = asyncssh.SFTPAttrs(permissions=0o600)
            async with self._client.open(_encoded(path), "xb", attributes, encoding=None) as file:
                async for piece in pieces:
                    await file.write(piece)
                    done += len(piece)
                    progress(done)
        except (asyncssh.Error, OSError) as error:
            raise self._mapped(error, f"write {inert.name(path)}") from None

    def _mapped(self, error: BaseException, doing: str) -> SourceError:
        place = self._link.place
        if self._link.is_lost or not isinstance(error, asyncssh.SFTPError):
            return failures.lost(place, self._link.error or error, doing)
        what, said = f"cannot {doing} on {failures.shown(place.hop)}", failures.clean(error.reason)
        if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
            return NotFound(what, why=said, todo="correct the path", stamp=place.stamp)
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return Forbidden(what, why=said, todo="look at its owner and mode", stamp=place.stamp)
        return ServerFailed(what, why=said, todo="is its disk full?", stamp=place.stamp)


@contextlib.asynccontextmanager
async def open_transfer(link: Link) -> AsyncIterator[Transfer]:
    """Begin SFTP; NoSftp when it does not begin in order."""
    async with link.slot("copy files") as slot:
        try:
            async with asyncio.timeout(_BEGIN_S):
                client = await slot.open(link.ssh.start_sftp_client)
        except SourceError as error:
            if link.is_lost or isinstance(error, failures.NotBegun):
                raise
            raise NoSftp from None
        except (asyncssh.Error, TimeoutError, ValueError):
            raise NoSftp from None
        try:
            yield Transfer(link, client)
        finally:
            client.exit()
            slot.release_after(client.wait_closed)


def _encoded(path: str) -> bytes:
    return path.encode(errors="surrogateescape")
