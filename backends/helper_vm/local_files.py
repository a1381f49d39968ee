"""Files of our own that are copied from and to: whole or not at all, and nobody else's to read."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from backends.errors import LocalDiskFailed


class LocalFile:
    """A file of ours that gets its name when it is whole; LocalDiskFailed when the disk does not take it."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
        self._descriptor = -1

    async def __aenter__(self) -> LocalFile:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with self._mapped():
            self._descriptor = os.open(self._temporary, flags, 0o600)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._temporary.unlink(missing_ok=True)

    async def write(self, data: bytes) -> None:
        """Append."""
        with self._mapped():
            await asyncio.to_thread(_write_all, self._descriptor, data)

    async def keep(self) -> None:
        """Give it its name, once its content has reached the disk."""
        with self._mapped():
            await asyncio.to_thread(os.fsync, self._descriptor)
            self._temporary.replace(self._target)

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = f"{self._target} cannot be written ({error.strerror or type(error).__name__})"
            raise LocalDiskFailed("not copied", why=why, todo="make room, or choose another place") from None


def measured(source: Path) -> tuple[str, int]:
    """Return a file's SHA-256 and size; LocalDiskFailed when it cannot be read."""
    digest, size = hashlib.sha256(), 0
    for piece in _blocks(source):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def all_of(source: Path) -> bytes:
    """Return a whole file."""
    return b"".join(_blocks(source))


async def pieces(source: Path) -> AsyncIterator[bytes]:
    """Yield a file in pieces."""
    for piece in _blocks(source):
        yield piece


def _blocks(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                yield piece
    except OSError as error:
        why = f"{source} cannot be read ({error.strerror or type(error).__name__})"
        raise LocalDiskFailed("not copied", why=why, todo="correct the path or its mode") from None


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
