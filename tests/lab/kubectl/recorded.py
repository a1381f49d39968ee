"""What a real kube-apiserver 1.20.2 answered, kept as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERSION = "v1.20.2"
_DATA = Path(__file__).parent / "data"


def json_lines(name: str) -> list[dict[str, Any]]:
    """Return a recorded file of one JSON value a line."""
    return [json.loads(line) for line in (_DATA / name).read_text(encoding="utf-8").splitlines()]


def json_file(name: str) -> Any:
    """Return a recorded JSON file."""
    return json.loads((_DATA / name).read_text(encoding="utf-8"))
