"""What is wrong with a configuration file, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backends.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, or risky, at `line` and `column` (both from 1); `key` is dotted, empty for the whole file."""

    line: int
    column: int
    key: str
    text: str
    todo: str = ""

    def show(self, file: Path) -> str:
        """Return `fleet.yaml:12:5: stamps[0].cluster.contxt: unknown key — did you mean context?`."""
        key = f"{self.key}: " if self.key else ""
        todo = f" — {self.todo}" if self.todo else ""
        return f"{file}:{self.line}:{self.column}: {key}{self.text}{todo}"


class InvalidConfiguration(ConfigurationError):
    """A configuration file that cannot be used: `problems` in the order of the file."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        count = f"{len(self.problems)} problems" if len(self.problems) > 1 else "a problem"
        super().__init__("\n".join((f"{file} has {count}", *(problem.show(file) for problem in self.problems))))
