"""Every process a helper VM started, however far it detached itself: known by a mark in its environment.

A process that clears its environment is not found, nor are others where there is no /proc.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from itertools import chain
from pathlib import Path

MARK = "STAMPDECK_VM"
_PROC = Path("/proc")
_LOOK_AGAIN_S = 0.005
_GIVE_UP_S = 5.0


def find_marked(mark: str, *, any_beginning: bool = False) -> list[int]:
    """Return the processes with this mark, zombies excepted; with `any_beginning` those whose mark begins so."""
    wanted = f"\0{MARK}={mark}".encode() + (b"" if any_beginning else b"\0")
    found = []
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):  # another account's, or just gone
                if wanted in b"\0" + (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def kill_marked(mark: str, *, any_beginning: bool = False) -> int:
    """Kill every process with this mark, also those born meanwhile; return how many were killed. Blocks.

    One look that finds nothing is not enough: a process has no environment for a moment while it becomes another.
    """
    killed: set[int] = set()
    deadline_s, found_none = time.monotonic() + _GIVE_UP_S, 0
    while found_none < 2 and time.monotonic() < deadline_s:
        found = find_marked(mark, any_beginning=any_beginning)
        found_none = 0 if found else found_none + 1
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
                killed.add(process)
        time.sleep(_LOOK_AGAIN_S)
    return len(killed)


def limit_files(mark: str, limit_bytes: int | None) -> None:
    """Let no file of the processes with this mark grow beyond a size; None takes the limit away.

    Only the soft limit is moved, so that no privilege is needed to take it back. Two looks: the second finds those
    who were born of a process while it was not limited yet.
    """
    for process in chain.from_iterable(find_marked(mark) for _ in range(2)):
        with contextlib.suppress(OSError):
            _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most if limit_bytes is None else limit_bytes, most))
