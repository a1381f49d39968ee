"""Secrets from files of this machine that only their owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from backends.errors import Unauthorized

_MOST_BYTES = 256 * 1024


def read_private(path: Path, what: str, stamp: str) -> bytes:
    """Return a file's content; Unauthorized when it is missing, or when others may read it too."""
    try:
        with path.open("rb") as file:
            # Of the open file, not of its name: what is judged is what is read.
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise Unauthorized(f"{what} {path} is no file", todo="correct it in fleet.yaml", stamp=stamp)
            if mode & 0o077:
                raise Unauthorized(
                    f"{what} {path} is not used",
                    why=f"others can read it too (mode 0{mode & 0o777:o})",
                    todo=f"chmod 600 {path}, and renew what is in it",
                    stamp=stamp,
                )
            return file.read(_MOST_BYTES)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Unauthorized(f"{what} {path} cannot be read", why=why, todo="see fleet.yaml", stamp=stamp) from None
