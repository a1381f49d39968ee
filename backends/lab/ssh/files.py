"""Files of a helper VM over SFTP and scp."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh


class SandboxFiles(asyncssh.SFTPServer):
    """Files below some folders only; paths are the machine's own, the account's home directory is where one starts.

    Every path is refused that leads out, through symbolic links too. That keeps mistakes in, not malice: the VM's
    shell runs as the same account and could exchange a folder for a link between our look and the use.
    """

    def __init__(self, channel: Any, home: Path, folders: tuple[Path, ...], is_full: Callable[[], bool]) -> None:
        super().__init__(channel)
        self._home = home
        self._folders = tuple(folder.resolve() for folder in folders)
        self._is_full = is_full

    def map_path(self, path: bytes) -> bytes:
        """Return where a path lies on this machine; SFTPPermissionDenied when that is outside."""
        where = self._place(path)
        self._check(where)
        return os.fsencode(where)

    def lstat(self, path: bytes) -> Any:
        """Tell of a link itself, wherever it leads."""
        return self._place_of_link(path).lstat()

    def readlink(self, path: bytes) -> Any:
        """Tell where a link leads."""
        return os.fsencode(self._place_of_link(path).readlink())

    def remove(self, path: bytes) -> Any:
        """Remove a file, or a link wherever it leads."""
        self._place_of_link(path).unlink()

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        """Write, unless the disk is full."""
        if self._is_full():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(file_obj, offset, data)

    def exit(self) -> None:
        """End with a status: without one scp says 1 after a good copy."""
        self.channel.exit(0)

    def _place(self, path: bytes) -> Path:
        if path == b"~" or path.startswith(b"~/"):  # the old scp leaves it to a shell to expand this
            path = b"." + path[1:]
        return Path(os.path.normpath(self._home / os.fsdecode(path)))

    def _place_of_link(self, path: bytes) -> Path:
        where = self._place(path)
        self._check(where if where == self._home else where.parent)
        return where

    def _check(self, where: Path) -> None:
        real = where.resolve()
        if not any(real.is_relative_to(folder) for folder in self._folders):
            raise asyncssh.SFTPPermissionDenied("Permission denied: outside of the lab's helper VM")
