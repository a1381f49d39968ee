"""What a table shows of a row, column by column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backends.model.table import Row


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: how a row becomes text, a sort key and a tone.

    `tone` names a colour role of the theme: `good`, `warn`, `bad`, `dim`, `accent`, or None for plain text.
    Widths are in cells; a `flexible` column gives up width first, down to `min_width`, when the table is
    wider than the screen. `ticking` says that the text changes with time alone (ages), so it is read again
    every second and never lit as changed.
    """

    key: str
    title: str
    text: Callable[[Row], str]
    sort_key: Callable[[Row], Any]
    tone: Callable[[Row], str | None] | None = None
    right: bool = False
    min_width: int = 3
    max_width: int = 60
    flexible: bool = False
    ticking: bool = False
