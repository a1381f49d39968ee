"""Opening journal.db: private, durable, and ours.

Everything here blocks and belongs to one thread. `sqlite3` costs 8 ms and is imported with this module, which
the first use of the journal brings in.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from backends.journal.failures import failed, foreign, too_new
from backends.journal.filesystems import is_on_network
from backends.journal.schema import APPLICATION_ID, SCHEMA_VERSION, statements

_AGAIN_S = 0.02


def open_to_write(file: Path, busy_s: float) -> sqlite3.Connection:
    """Return the journal ready for appending, made if there is none. Raises JournalFailed."""
    try:
        _make_private(file)
        connection = _connect(file, "rw", busy_s)
    except (OSError, sqlite3.Error) as error:
        raise failed("opening", file, error) from None
    try:
        made = _is_journal(connection, file)
        _set_journal_mode(connection, is_on_network(file.parent), busy_s)
        if not made:
            _create(connection, file)
    except sqlite3.Error as error:
        connection.close()
        raise failed("opening", file, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(file: Path, busy_s: float) -> sqlite3.Connection | None:
    """Return the journal for reading, or None when nothing was ever written. Raises JournalFailed."""
    if not file.exists():
        return None
    # Who may write opens it so, or the log beside the file would be left behind; the last way is for a copy
    # on a medium where no file can be made.
    modes = ("rw", "ro", "ro&immutable=1") if os.access(file, os.W_OK) else ("ro", "ro&immutable=1")
    for mode in modes:
        try:
            connection = _connect(file, mode, busy_s)
            try:
                connection.execute("PRAGMA query_only = ON")
                if _is_journal(connection, file):
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()
            return None
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if mode == modes[-1] or code not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise failed("reading", file, error) from None
    return None


def _connect(file: Path, mode: str, busy_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=busy_s)
    connection.isolation_level = None
    # Bytes that are no UTF-8 were not written by us: they break the chain at their row, not the reading of it.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def _make_private(file: Path) -> None:
    """Make the file 0600, in a folder of 0700 if there is none; SQLite gives its -wal and -shm the file's rights."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # Never an open of a file that is there: closing it would drop this process's locks on it.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        status = file.stat()
        if status.st_uid == os.getuid() and status.st_mode & 0o077:
            file.chmod(0o600)
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # not every filesystem syncs folders
            os.fsync(folder)
    finally:
        os.close(folder)


def _is_journal(connection: sqlite3.Connection, file: Path) -> bool:
    """Whether the tables are there; False for an empty file. Raises JournalFailed for what is not ours."""
    application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
    if application == APPLICATION_ID:
        if version > SCHEMA_VERSION:
            raise too_new(file, version, SCHEMA_VERSION)
        return True
    if application or version or connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        raise foreign(file)
    return False


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _set_journal_mode(connection: sqlite3.Connection, on_network: bool, busy_s: float) -> None:
    """Use a write-ahead log where shared memory works; in both modes a commit is on disk when it returns."""
    wanted = "delete" if on_network else "wal"
    # EXTRA also syncs the folder after a rollback journal is removed; a write-ahead log has no need of it.
    connection.execute(f"PRAGMA synchronous = {'EXTRA' if on_network else 'FULL'}")
    deadline = time.monotonic() + busy_s
    while True:
        try:
            # A filesystem without that mode keeps its own, which is as durable.
            connection.execute(f"PRAGMA journal_mode = {wanted}")
            return
        except sqlite3.OperationalError as error:
            # Changing the mode does not wait for others by itself.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_AGAIN_S)


def _create(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another console may have made it while we waited.
        if not _is_journal(connection, file):
            for statement in statements(sqlite3.sqlite_version_info):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
