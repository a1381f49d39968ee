"""What a command line chose for every command: the configuration and the stamps.

Apart from the options themselves, which cost click: the console opens without it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from console.settings import Settings


class Shell:
    """The global options of one command line."""

    def __init__(
        self, config: str | None = None, stamps: tuple[str, ...] = (), write: bool = False, command: str = ""
    ) -> None:
        self.config = config
        self.stamps = stamps
        self.write = write
        self.command = command
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """The configuration, read at the first use. Raises ConfigurationError."""
        if self._settings is None:
            from console.configuration import load_settings

            self._settings = load_settings(self.config)
        return self._settings

    def choose(self, stamps: tuple[str, ...]) -> tuple[str, ...]:
        """Return the stamps asked for, globally or by the command, in configured order; all when none is named."""
        return tuple(stamp.name for stamp in self.settings.only((*self.stamps, *stamps)))


def has_terminal() -> bool:
    """Whether a person sits in front: both directions are a terminal, and one that can draw."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
