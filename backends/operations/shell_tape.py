"""A shell's output kept as an asciicast (version 2), for the operator alone to replay; what is typed is not kept.

Source: asciinema, "asciicast v2": a header, then one JSON array a line: seconds, kind (`o` output, `r` size), data.
"""

from __future__ import annotations

import codecs
import json
import os
import time
from pathlib import Path
from typing import Any, TextIO

from backends.clock import Clock
from backends.errors import StampdeckError

MOST_BYTES = 100 << 20
"""A recording ends there: a forgotten `yes` must not fill the disk of the bastion."""


class Tape:
    """One recording, readable by its owner alone (0600); once begun, writing it never fails a shell.

    `problem` says why it ended early, if it did.
    """

    def __init__(self, path: Path, file: TextIO, clock: Clock, title: str) -> None:
        self.path = path
        self.problem = ""
        self._file = file
        self._clock = clock
        self._title = title
        self._began = clock.monotonic()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._bytes = 0

    @classmethod
    def create(cls, folder: Path, name: str, title: str, clock: Clock) -> Tape:
        """Make a new file in a folder only its owner can enter; StampdeckError when that cannot be done."""
        at = time.strftime("%Y%m%dT%H%M%S", time.localtime(clock.now()))
        path = folder / f"{at}-{name}.cast"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            file = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
        except OSError as error:
            why = f"{path}: {error.strerror}"
            raise StampdeckError("cannot record the shell", why=why, todo="make room, or do without") from None
        return cls(path, file, clock, title)

    def begin(self, columns: int, rows: int, terminal: str) -> None:
        """Write the header; times count from here."""
        self._began = self._clock.monotonic()
        header = {"version": 2, "width": columns, "height": rows, "timestamp": int(self._clock.now())}
        self._write({**header, "title": self._title, "env": {"TERM": terminal}})

    def output(self, data: bytes) -> None:
        """Add what the shell wrote; a character cut in two waits for its rest."""
        self._event("o", self._decoder.decode(data))

    def resized(self, columns: int, rows: int) -> None:
        """Add a new size of the terminal."""
        self._event("r", f"{columns}x{rows}")

    def close(self) -> None:
        """Write what is left; the file stays unless it is empty, for a shell that never began."""
        self._event("o", self._decoder.decode(b"", True))
        try:
            self._file.close()
            if not self._bytes:
                self.path.unlink()
        except OSError as error:
            self.problem = self.problem or str(error.strerror)

    def _event(self, kind: str, data: str) -> None:
        if data:
            self._write([round(self._clock.monotonic() - self._began, 6), kind, data])

    def _write(self, value: Any) -> None:
        if self.problem:
            return
        line = json.dumps(value) + "\n"
        self._bytes += len(line)
        if self._bytes > MOST_BYTES:
            self.problem = f"it reached {MOST_BYTES >> 20} MiB"
            return
        try:
            self._file.write(line)
            self._file.flush()  # what was seen until a crash is worth most
        except OSError as error:
            self.problem = str(error.strerror)
