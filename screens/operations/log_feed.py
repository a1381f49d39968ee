"""The engine's lines for the log view: noise folded away, or only what went wrong, from what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from backends.model.engine.line import EngineLine
from backends.model.fleet import Severity
from backends.model.logs import LogLine

_MARKS = {Severity.INFO: " ", Severity.GOOD: " ", Severity.WARNING: "W", Severity.BAD: "E"}
_TONES = {" ": None, "W": "warn", "E": "bad"}


class Fold(StrEnum):
    """How much of the log is shown."""

    FOLDED = "without noise"
    ALL = "every line"
    TROUBLE = "warnings and errors"

    @property
    def following(self) -> Fold:
        """The next one of the three."""
        order = list(Fold)
        return order[(order.index(self) + 1) % len(order)]


def log_lines(stamp: str, lines: Iterable[EngineLine], fold: Fold) -> list[LogLine]:
    """Return the lines to be shown."""
    return [
        LogLine(line.at or 0.0, stamp, "", _MARKS[line.severity], "", line.text)
        for line in lines
        if fold is Fold.ALL or (_is_trouble(line) if fold is Fold.TROUBLE else not (line.is_noise or line.is_folded))
    ]


def prefix(line: LogLine) -> tuple[str, str | None]:
    """Return what stands before a line: whether it is a warning or an error."""
    return line.pod, _TONES.get(line.pod)


def counts(lines: Sequence[EngineLine]) -> tuple[int, int]:
    """Return how many of these lines are warnings and errors, and how many are folded away."""
    return sum(map(_is_trouble, lines)), sum(each.is_noise or each.is_folded for each in lines)


def _is_trouble(line: EngineLine) -> bool:
    return line.severity in (Severity.WARNING, Severity.BAD)
