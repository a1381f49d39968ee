"""The log: a private file that rotates, never the screen; secrets are redacted as lines are written."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from io import TextIOWrapper
from pathlib import Path

from backends.errors import UsageError
from console.configuration.folders import make_private, state_folder

LIMIT_BYTES = 2_000_000
KEPT = 3


class PrivateFileHandler(logging.FileHandler):
    """A file only its owner can read, set aside as FILE.1 to FILE.3 when it grows over the limit.

    Not the library's own rotating handler: its module imports sockets and pickles, 8 ms at every start.
    """

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, "a", encoding=self.encoding)  # noqa: PTH123

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, then make room if it was one too many."""
        super().emit(record)
        stream = self.stream
        if stream is not None and stream.tell() > LIMIT_BYTES:
            stream.close()
            self._set_aside()

    def _set_aside(self) -> None:
        file = Path(self.baseFilename)
        try:
            for number in range(KEPT, 0, -1):
                older = file.with_name(f"{file.name}.{number - 1}") if number > 1 else file
                # Another console may have moved it a moment before.
                with contextlib.suppress(FileNotFoundError):
                    older.replace(file.with_name(f"{file.name}.{number}"))
        finally:
            self.stream = self._open()


class RedactingFormatter(logging.Formatter):
    """One line per record in UTC; nothing that looks like a secret, in a message or a traceback, is kept."""

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole record as text, redacted."""
        from backends.model.redact import Redactor

        return Redactor().text(super().format(record))


def log_to_file(file: str | None, level: str) -> Path:
    """Send all logging to `file`, by default stampdeck.log in the state folder, and return its path.

    A named file that cannot be written is a UsageError; the default one is then simply not written:
    a read-only home must not keep an operator out.
    """
    path = Path(file).expanduser().absolute() if file else state_folder() / "stampdeck.log"
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, PrivateFileHandler | logging.NullHandler)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level.upper())
    root.addHandler(_handler(path, named=file is not None))
    # It logs whole commands, and what they are given, from INFO on.
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    # Warnings of libraries would otherwise be printed over the screen.
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    return path


def _handler(path: Path, named: bool) -> logging.Handler:
    try:
        if not named:
            make_private(path.parent)
        handler = PrivateFileHandler(path, encoding="utf-8", delay=not named)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        if named:
            raise UsageError(
                f"cannot log to {path}", why=error.strerror or str(error), todo="name another file"
            ) from None
        return logging.NullHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
