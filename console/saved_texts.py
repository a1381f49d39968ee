"""Texts an operator saves from a screen: in the state directory, readable by that operator alone."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

from console.configuration.folders import make_private, state_folder

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_KINDS = (".csv", ".yaml")


def save_text(name: str, lines: Iterable[str]) -> Path:
    """Write lines to a new file (0600) named after `name` and the time; OSError when that cannot be done.

    A name that ends in `.csv` or `.yaml` keeps that ending, any other gets `.txt`.
    """
    kind = next((each for each in _KINDS if name.endswith(each)), ".txt")
    name = name.removesuffix(kind)
    make_private(state_folder())
    folder = make_private(state_folder() / "saved")
    base = f"{_ODD.sub('-', name).strip('-.')[:80] or 'text'}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1000):
        path = folder / (f"{base}{kind}" if not number else f"{base}-{number}{kind}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(f"{line}\n" for line in lines)
        return path
    raise FileExistsError(f"{folder} has a thousand files named {base}")
