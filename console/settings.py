"""The effective configuration as the rest of the console uses it: plain values, checked once when they entered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from backends.errors import UsageError
from backends.model.intended import Intended
from backends.model.stamp import Stamp


class Settings(msgspec.Struct, frozen=True):
    """What one console works with. Durations are seconds; `keys` maps an action's id to its keys."""

    file: Path
    stamps: tuple[Stamp, ...]
    theme: str = ""
    keys: Mapping[str, str] = msgspec.field(default_factory=dict)
    armed_for_s: float = 900.0
    """How long writing stays armed before it disarms itself."""
    record_shells: bool = False
    """Whether what every shell shows is recorded."""
    intended: tuple[Intended, ...] = ()
    """Differences between stamps that are meant to be."""

    def only(self, names: tuple[str, ...]) -> tuple[Stamp, ...]:
        """Return the named stamps in configured order, all of them when no name is given.

        Raises UsageError, naming the stamps there are, for a name the configuration does not have.
        """
        known = [stamp.name for stamp in self.stamps]
        for name in names:
            if name not in known:
                raise UsageError(
                    f"no stamp named {name!r}", why=f"{self.file} has {', '.join(known)}", todo="correct --stamp"
                )
        return tuple(stamp for stamp in self.stamps if not names or stamp.name in names)
