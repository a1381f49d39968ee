"""Faults of the engine itself that the lab has put in force; read anew each time, for they come and go during a run."""

from __future__ import annotations

import json
from pathlib import Path


class EngineFaults:
    """The file AKSE_SIM_FAULTS: names and arguments as JSON. No file, or one half written: no fault.

    Known: `slow` (a factor for every pause between two looks at ARM), `save-failed` (the disk is full when the api
    model is written), `drain-error` (the API server answers evictions with an error).
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    def argument(self, name: str) -> str | None:
        """Return the argument of a fault in force, empty when it has none; None when it is not in force."""
        if self._path is None:
            return None
        try:
            faults = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return None
        if not isinstance(faults, dict) or name not in faults:
            return None
        return str(faults[name] if faults[name] is not None else "")

    def is_on(self, name: str) -> bool:
        """Tell whether a fault is in force."""
        return self.argument(name) is not None

    def factor(self) -> float:
        """Return by how much pauses are longer, 1 when they are not."""
        argument = self.argument("slow")
        if argument is None:
            return 1.0
        try:
            return max(1.0, float(argument or 3))
        except ValueError:
            return 3.0
