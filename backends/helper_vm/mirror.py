"""The local copy of a job's log: byte n of it is byte n of the log, so its size is where reading goes on."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from backends.errors import LocalDiskFailed

_PIECE_BYTES = 256 * 1024


class Mirror:
    """One file, 0600, open for writing at its end; raises LocalDiskFailed when it cannot be made or written.

    Two consoles of one account may write the same file: each writes what belongs at a place at that place, so both
    write the same bytes there. What is no longer kept on the VM is a hole in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            _make_private(path.parent)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o600)
            self.size = os.fstat(self._file).st_size
        except OSError as error:
            raise self._failed(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def append(self, data: bytes) -> None:
        """Write what follows in the log."""
        try:
            while data:
                written = os.pwrite(self._file, data, self.size)
                self.size += written
                data = data[written:]
        except OSError as error:
            raise self._failed(error) from None

    def skip(self, to: int) -> None:
        """Go on at byte `to` of the log, for what comes before is not kept on the VM any more."""
        try:
            if os.fstat(self._file).st_size < to:
                os.ftruncate(self._file, to)
            self.size = to
        except OSError as error:
            raise self._failed(error) from None

    def pieces(self, since: int) -> Iterator[bytes | int]:
        """Yield what is in it from a byte on: pieces, and for a hole its length in bytes."""
        try:
            while since < self.size:
                begins = self._next_data(since)
                if begins > since:
                    yield begins - since
                    since = begins
                elif piece := os.pread(
                    self._file, min(_PIECE_BYTES, self.size - since, self._hole(since) - since), since
                ):
                    yield piece
                    since += len(piece)
                else:
                    return
        except OSError as error:
            raise self._failed(error) from None

    def _next_data(self, since: int) -> int:
        try:
            return min(os.lseek(self._file, since, os.SEEK_DATA), self.size)
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data up to the end
                return self.size
            return since  # a filesystem that does not know of holes

    def _hole(self, since: int) -> int:
        try:
            return os.lseek(self._file, since, os.SEEK_HOLE)
        except OSError:
            return self.size

    def _failed(self, error: OSError) -> LocalDiskFailed:
        why = f"{self.path}: {error.strerror}"
        todo = "the job goes on; make room or mend the folder's rights, then watch it again"
        return LocalDiskFailed("cannot keep the log here", why=why, todo=todo)


def digest_of(path: Path, since: int) -> str:
    """Return the SHA-256 of a file from a byte on, "" when there is no file; LocalDiskFailed when it is unreadable."""
    try:
        with path.open("rb") as file:
            file.seek(since)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise LocalDiskFailed("cannot read the log kept here", why=f"{path}: {error.strerror}") from None


def _make_private(folder: Path) -> None:
    """Make a folder and what is missing above it, each for its owner alone: `mkdir` gives a mode to the last only."""
    for each in reversed((folder, *folder.parents)):
        if not each.exists():
            each.mkdir(mode=0o700, exist_ok=True)
