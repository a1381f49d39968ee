"""Looking for known secrets wherever a program may have left them: files, arguments of processes, output."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path

_PIECE = 40


class SecretSearch:
    """Knows secrets by name, and finds each of them in any spelling in which a program may pass it on.

    Of a text of several lines (a key in PEM) or in base64, a piece is enough to be found.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._needles = {name: _spellings(secret) for name, secret in secrets.items()}

    def in_bytes(self, data: bytes) -> set[str]:
        """Return the names of the secrets in there."""
        return {name for name, spellings in self._needles.items() if any(each in data for each in spellings)}

    def in_folder(self, folder: Path) -> dict[Path, set[str]]:
        """Return the files below a folder that hold a secret, or have one in their name."""
        files = [each for each in folder.rglob("*") if each.is_file()]
        found = {each: self.in_bytes(each.read_bytes()) | self.in_bytes(str(each).encode()) for each in files}
        return {path: names for path, names in found.items() if names}

    @contextlib.contextmanager
    def in_arguments(self) -> Iterator[dict[str, set[str]]]:
        """Look at the arguments of every process there is, again and again; give what was seen, by command line."""
        seen: dict[str, set[str]] = {}
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                for each in Path("/proc").glob("[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):
                        line = each.read_bytes()
                        if names := self.in_bytes(line):
                            seen[line.replace(b"\0", b" ").decode(errors="replace")] = names

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield seen
        finally:
            over.set()
            looking.join()


def _spellings(secret: str) -> set[bytes]:
    lines = [each.strip() for each in secret.splitlines() if each.strip() and not each.startswith("-----")]
    if len(lines) > 1:
        return {each.encode() for each in lines if len(each) >= _PIECE}
    text = secret.strip()
    if len(text) > 2 * _PIECE:
        middle = len(text) // 2
        return {text[middle : middle + _PIECE].encode()}
    data = text.encode()
    # In base64 its neighbours decide how it begins: one of three ways, without the ends that they share.
    shifted = {base64.b64encode(b"\0" * shift + data)[4 if shift else 0 : -4] for shift in range(3)}
    return {data, urllib.parse.quote(text, safe="").encode(), json.dumps(text)[1:-1].encode(), *shifted}
