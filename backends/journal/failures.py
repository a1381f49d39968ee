"""Failures of the journal's file as an operator reads them: what, where, why, and what to do.

Result codes: sqlite.org/rescode.html; the lower byte is the primary code.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from backends.errors import JournalFailed

_FULL = "make room on that disk, then try again; nothing is changed on a stamp without the journal"
_RIGHTS = "make the file and its folder yours and writable, or name another place by STAMPDECK_JOURNAL"
_DAMAGED = "keep a copy of it, move it away to begin a new one, and look at the disk"
_FOREIGN = "move it away, or name another place by STAMPDECK_JOURNAL"
_BY_CODE = {
    sqlite3.SQLITE_BUSY: ("another process keeps it locked", "see who has it open (fuser -v), then try again"),
    sqlite3.SQLITE_LOCKED: ("another process keeps it locked", "see who has it open (fuser -v), then try again"),
    sqlite3.SQLITE_FULL: ("the disk is full", _FULL),
    sqlite3.SQLITE_READONLY: ("it cannot be written", _RIGHTS),
    sqlite3.SQLITE_PERM: ("it may not be opened", _RIGHTS),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", _RIGHTS),
    sqlite3.SQLITE_AUTH: ("it may not be opened", _RIGHTS),
    sqlite3.SQLITE_IOERR: ("reading or writing it failed", "look at the disk it is on (dmesg, df), then try again"),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", _DAMAGED),
    sqlite3.SQLITE_NOTADB: (
        "it is not a journal of stampdeck",
        "move it away, or name another place by STAMPDECK_JOURNAL",
    ),
    sqlite3.SQLITE_CONSTRAINT: ("its own guards refused it", "check it: stampdeck audit verify"),
}
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def failed(doing: str, file: Path, error: sqlite3.Error | OSError) -> JournalFailed:
    """Return what an operator is told when `doing` (writing, reading, opening) the journal failed."""
    if isinstance(error, OSError):
        why = error.strerror or str(error)
        todo = _FULL if error.errno in _FULL_DISK else _RIGHTS
        return JournalFailed(f"{doing} the journal {file}", why=why, todo=todo)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    why, todo = _BY_CODE.get(code, ("SQLite refused it", "check it: stampdeck audit verify"))
    if code == sqlite3.SQLITE_IOERR and not _has_room(file):
        todo = _FULL
    return JournalFailed(f"{doing} the journal {file}", why=f"{why} ({error})", todo=todo)


def foreign(file: Path) -> JournalFailed:
    """Return the refusal of a database that some other program made."""
    why, todo = _BY_CODE[sqlite3.SQLITE_NOTADB]
    return JournalFailed(f"opening the journal {file}", why=why, todo=todo)


def too_new(file: Path, version: int, known: int) -> JournalFailed:
    """Return the refusal of a journal that a later version wrote: its rules are not known here."""
    return JournalFailed(
        f"opening the journal {file}",
        why=f"a newer stampdeck wrote it (schema {version}, this one knows {known})",
        todo="use that version",
    )


def gone(file: Path) -> JournalFailed:
    """Return what is said once when the file was taken away from under us: rows would go nowhere."""
    return JournalFailed(
        f"writing the journal {file}",
        why="the file was moved, removed or replaced while it was open",
        todo="put it back; trying again uses whatever is there, or begins a new one",
    )


def _has_room(file: Path) -> bool:
    try:
        room = os.statvfs(file.parent)
    except OSError:
        return True
    return room.f_bavail * room.f_frsize > 1_000_000
