"""Outputs of the real aks-engine-azurestack v0.85.0, and what is expected of reading them.

`data/<name>.txt` is as it was captured, ESC written `^[`; `data/<name>.expected` lists form, message and marks of each
line (`x 4`: four times in a row), and what the run came to. Run this module to write the expectations anew after a
change of the reading, and look at what `git diff` shows.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from backends.aks_engine.log import EngineLog
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import EngineProgress

DATA = Path(__file__).parent.parent / "data"
NAMES = sorted(path.stem for path in DATA.glob("*.txt"))
_TIMED = re.compile(r" *[\d.]+ [OE] ?(.*)")
_COMMAND = re.compile(r"aks-engine-azurestack ([a-z][a-z-]*)")


@dataclass(frozen=True, slots=True)
class Sample:
    """One captured run: the command's word, its lines, and its exit status (None where several were captured)."""

    name: str
    word: str
    lines: tuple[str, ...]
    status: int | None

    @property
    def data(self) -> bytes:
        """The bytes of both streams in one."""
        return "".join(f"{line}\n" for line in self.lines).encode()


def sample(name: str) -> Sample:
    """Read a captured run; two ways of capturing were used, both begin with notes."""
    text = (DATA / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    notes = [line for line in text if line.startswith("# ")]
    is_timed = any(line.startswith("# columns") for line in notes)
    lines = [line for line in text if not line.startswith("# ")]
    if is_timed:
        lines = [found[1] for line in lines if (found := _TIMED.fullmatch(line))]
    word = _COMMAND.search(notes[0]) if notes else None
    status = next((int(line.rpartition(" ")[2]) for line in notes if line.startswith("# exit code")), None)
    return Sample(name, word[1] if word else "", tuple(line.replace("^[", "\x1b") for line in lines), status)


def read(taken: Sample) -> tuple[list[EngineLine], EngineProgress]:
    """Return all lines of a captured run, and what it came to."""
    log = EngineLog(taken.word)
    lines = [*log.feed(taken.data), *log.close()]
    return lines, log.progress


def described(lines: list[EngineLine], progress: EngineProgress) -> str:
    """Return what was read as an expectation is written down."""
    return "\n".join((*_lines(lines), "", *_progress(progress), ""))


def _lines(lines: list[EngineLine]) -> list[str]:
    words = [_line(each) for each in lines]
    counted = [(word, len(list(same))) for word, same in itertools.groupby(words)]
    return [f"{word} x {count}" if count > 1 else word for word, count in counted]


def _line(line: EngineLine) -> str:
    parts = [line.form.value, line.message, "noise" if line.is_noise else "", "folded" if line.is_folded else ""]
    return " ".join(filter(None, parts))


def _progress(progress: EngineProgress) -> list[str]:
    found = [
        f"phase: {progress.phase.value}{', succeeded' if progress.is_succeeded else ''}",
        f"pool: {progress.pool}, version: {progress.target_version}",
        f"units: {progress.units_done:.2f} of {progress.units_total:.2f}",
    ]
    for node in progress.nodes:
        surge = ", surge" if node.is_surge else ""
        found.append(f"node {node.name} of {node.pool}: {node.step.value}{surge}; {node.note}".rstrip("; "))
    found += [f"alarm: {alarm}" for alarm in progress.alarms]
    for failure in progress.failures:
        found += [f"failure {failure.id} at {failure.line}, {failure.retry.value}: {failure.text}", failure.cause]
    return [line.rstrip() for line in found]


def expected(name: str) -> str:
    """Return what is expected of a captured run."""
    return (DATA / f"{name}.expected").read_text(encoding="utf-8")


def main() -> None:
    """Write all expectations anew."""
    for name in NAMES:
        (DATA / f"{name}.expected").write_text(described(*read(sample(name))), encoding="utf-8")


if __name__ == "__main__":
    main()
