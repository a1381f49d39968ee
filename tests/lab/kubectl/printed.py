"""The real kubectl as a subprocess, and what it printed taken apart."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 60.0
_GAP = re.compile(r"\s{2,}")


@dataclass(frozen=True, slots=True)
class Printed:
    """What one command left: both streams and the exit code."""

    command: str
    out: str
    err: str
    code: int

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def table(self) -> Table:
        """The first table of the output."""
        return self.tables[0]

    @property
    def tables(self) -> list[Table]:
        """The tables of the output, which kubectl parts by empty lines."""
        return [Table.parse(block) for block in self.out.strip("\n").split("\n\n")]


@dataclass(frozen=True, slots=True)
class Table:
    """Column titles and rows by position; cells are cut where the titles begin, as kubectl aligns them."""

    columns: list[str]
    rows: list[dict[str, str]]

    @classmethod
    def parse(cls, block: str) -> Table:
        """Take an aligned table apart."""
        heading, *lines = block.splitlines()
        columns = _GAP.split(heading.strip())
        starts, position = [], 0
        for column in columns:
            position = heading.index(column, position)
            starts.append(position)
            position += len(column)
        ends = [*starts[1:], None]
        rows = [
            {column: line[start:end].strip() for column, start, end in zip(columns, starts, ends, strict=True)}
            for line in lines
        ]
        return cls(columns, rows)

    def row(self, name: str) -> dict[str, str]:
        """Return the row whose NAME is or begins with a name."""
        for row in self.rows:
            if row["NAME"] == name or row["NAME"].startswith(name):
                return row
        raise AssertionError(f"no row {name} in {[row['NAME'] for row in self.rows]}")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one kubeconfig; its caches are kept in `home`."""

    program: Path
    kubeconfig: Path
    home: Path
    context: str = ""

    def run(self, *arguments: str, stdin: str | None = None, code: int | None = 0) -> Printed:
        """Run a command to its end; AssertionError when the exit code is not `code` (None: any)."""
        command = self._command(arguments)
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_S, env=self.environment
        )
        printed = Printed(" ".join(arguments), done.stdout, _without_skew_warning(done.stderr), done.returncode)
        assert code is None or done.returncode == code, printed
        return printed

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that goes on, its output on pipes."""
        return subprocess.Popen(
            self._command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )

    def until(self, enough: Callable[[Printed], bool], *arguments: str, within_s: float = 30.0) -> Printed:
        """Repeat a command until its output is as wanted; AssertionError with the last output when it never is."""
        deadline = time.monotonic() + within_s
        while True:
            printed = self.run(*arguments, code=None)
            if printed.code == 0 and enough(printed):
                return printed
            assert time.monotonic() < deadline, printed

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        context = ["--context", self.context] if self.context else []
        return [str(self.program), "--kubeconfig", str(self.kubeconfig), *context, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """A small environment, so that nothing of the machine's own settings matters."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECACHEDIR": str(self.home / "cache")}


def _without_skew_warning(text: str) -> str:
    """kubectl is newer than the simulated servers and says so."""
    return "".join(line for line in text.splitlines(keepends=True) if "supported minor version skew" not in line)
