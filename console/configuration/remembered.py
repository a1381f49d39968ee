"""Settings of a file that was found valid before, so that an unchanged file is not checked again.

Checking costs 0.13 s, most of it for importing pydantic and building its validators: half as much again as the
console's whole way to its first paint. What is remembered is the outcome, with everything it depends on:
the file's text and path, the home directory, and the code that checks.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import msgspec

from console.configuration.folders import cache_folder, make_private
from console.settings import Settings

KEPT = 20
"""So many files' settings are kept, those found last: each lab and demo has a fleet.yaml of its own."""
_CHECKING_CODE = ("models.py", "load.py", "located.py", "../settings.py", "../durations.py")


class _Remembered(msgspec.Struct):
    found_in: list[str]
    settings: Settings


def recall(file: Path, text: str) -> Settings | None:
    """Return the settings of this very text, or None when they are not known."""
    try:
        remembered = msgspec.json.decode(_place(file).read_bytes(), type=_Remembered, dec_hook=_decode)
    except (OSError, msgspec.MsgspecError):
        return None
    return remembered.settings if remembered.found_in == _found_in(file, text) else None


def remember(file: Path, text: str, settings: Settings) -> None:
    """Keep the settings of a text; one that cannot be kept is checked again next time."""
    place = _place(file)
    partial = place.with_suffix(f".{os.getpid()}")
    try:
        make_private(place.parent)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(_Remembered(_found_in(file, text), settings), enc_hook=str))
        partial.replace(place)
        found = sorted(place.parent.iterdir(), key=lambda each: each.stat().st_mtime_ns)
        for old in found[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _place(file: Path) -> Path:
    """Return where the settings found in a file are kept; two files that share a place forget each other's."""
    # A checksum: hashlib takes 2 ms to be imported, and what was found in which text is kept whole.
    return cache_folder() / "settings" / f"{zlib.crc32(os.fsencode(file)):08x}.json"


def _found_in(file: Path, text: str) -> list[str]:
    folder = Path(__file__).parent
    code = [str((folder / name).stat().st_mtime_ns) for name in _CHECKING_CODE]
    return [str(file), str(Path.home()), *code, text]


def _decode(wanted: type, found: Any) -> Any:
    if wanted is Path:
        return Path(found)
    raise NotImplementedError(wanted)
