"""Settings of a file that was found valid before, so that an unchanged file is not checked again.

Checking costs 0.13 s, most of it for importing pydantic and building its validators: half as much again as the
console's whole way to its first paint. What is remembered is the outcome, keyed by everything it depends on:
the file's text and path, the home directory, and the code that checks.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec

from console.configuration.folders import cache_folder, make_private
from console.settings import Settings

_CHECKING_CODE = ("models.py", "load.py", "located.py", "../settings.py", "../durations.py")


def recall(file: Path, text: str) -> Settings | None:
    """Return the settings of this very text, or None when they are not known."""
    try:
        return msgspec.json.decode(_place(file, text).read_bytes(), type=Settings, dec_hook=_decode)
    except (OSError, msgspec.MsgspecError):
        return None


def remember(file: Path, text: str, settings: Settings) -> None:
    """Keep the settings of a text; one that cannot be kept is checked again next time."""
    place = _place(file, text)
    partial = place.with_suffix(f".{os.getpid()}")
    try:
        make_private(place.parent)
        for old in place.parent.glob(f"{place.name.partition('-')[0]}-*"):
            old.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(settings, enc_hook=str))
        partial.replace(place)
    except OSError:
        return


def _place(file: Path, text: str) -> Path:
    """Return where the settings of a text are kept: the first part names the file, the second what was found in it."""
    folder = Path(__file__).parent
    code = [str((folder / name).stat().st_mtime_ns) for name in _CHECKING_CODE]
    found = "\0".join((str(Path.home()), *code, text))
    return cache_folder() / "settings" / f"{_short(str(file))}-{_short(found)}.json"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _decode(wanted: type, found: Any) -> Any:
    if wanted is Path:
        return Path(found)
    raise NotImplementedError(wanted)
