"""Who acts, by the machine's own word, and whether the process that wrote something still runs.

Facts from proc(5): `stat` field 3 is the state, field 22 the start in clock ticks since boot.
"""

from __future__ import annotations

import os
from pathlib import Path

from backends.model.journal import Author

_PROC = Path("/proc")
_UNSET_LOGIN = 2**32 - 1
_ENDED = ("Z", "X")


def this_author() -> Author:
    """Return the person at this machine and this run of the console."""
    return Author(_person(), os.uname().nodename, _process())


def works_still(author: Author) -> bool | None:
    """Return whether that process still runs; None when it cannot be seen from here: another machine or container."""
    if author.host != os.uname().nodename:
        return None
    try:
        pid, start, boot, namespace = author.process.split(":")
    except ValueError:
        return None
    if boot != _boot():
        # An unknown boot proves nothing; a known other one means the machine was started anew since.
        return False if boot and _boot() else None
    if namespace != _namespace():
        return None
    return _start_of(pid) == start


def _person() -> str:
    """Return who logged in, also when acting through sudo or su: the kernel remembers (pam_loginuid)."""
    import pwd

    login = _read(_PROC / "self/loginuid")
    candidates = [int(login)] if login.isdigit() and int(login) != _UNSET_LOGIN else []
    for uid in (*candidates, os.getuid()):
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            continue
    return f"uid-{os.getuid()}"


def _process() -> str:
    pid = str(os.getpid())
    return ":".join((pid, _start_of(pid) or "", _boot(), _namespace()))


def _start_of(pid: str) -> str | None:
    """Return when a process started, in ticks since boot; None when there is none, or only its remains."""
    stat = _read(_PROC / pid / "stat")
    fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if len(fields) < 20 or fields[0] in _ENDED else fields[19]


def _boot() -> str:
    return _read(_PROC / "sys/kernel/random/boot_id")


def _namespace() -> str:
    """Return the number of the PID namespace: in another container the same pid is another process."""
    try:
        return str((_PROC / "self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
