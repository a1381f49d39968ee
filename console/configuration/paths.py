"""Paths as the configuration file writes them."""

from __future__ import annotations

from pathlib import Path


def whole_path(written: str, folder: Path) -> Path:
    """Return a path of the file: `~` is the home directory, relative ones start at the file's folder."""
    return folder / Path(written).expanduser()
