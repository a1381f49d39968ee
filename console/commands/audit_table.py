"""The journal as lines for people: operations, events, and what is open."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from backends.model import inert
from backends.model.journal import JournalEvent
from backends.model.recorded import RecordedOperation, told
from backends.operations.reconciliation import Reconciled
from console.commands.drawing import cell_text, toned, width

_TONES = {
    "done": "good",
    "open": "warn",
    "refused": "warn",
    "unverified": "warn",
    "cancelled": "dim",
    "failed": "bad",
}
_NARROWEST = 24
"""Cells the last column keeps in a narrow terminal."""


def operation_lines(operations: Iterable[RecordedOperation]) -> list[str]:
    """Return one line per operation: when, who, where, what, how it ended, and why."""
    rows = [
        (
            time_text(each.at),
            str(each.author),
            each.stamp,
            f"{each.action} {each.target}".rstrip(),
            each.result,
            each.operation,
            _remark(each),
        )
        for each in operations
    ]
    return _lines(("TIME", "WHO", "STAMP", "CHANGE", "RESULT", "OPERATION", "WHY"), rows, toned_at=4)


def event_lines(events: Iterable[JournalEvent]) -> list[str]:
    """Return one line per event, with its number and the beginning of its hash."""
    rows = [
        (
            str(each.number),
            time_text(each.at),
            str(each.author),
            each.stamp,
            each.operation,
            each.kind.value,
            each.hash[:12],
            told(each),
        )
        for each in events
    ]
    return _lines(("ROW", "TIME", "WHO", "STAMP", "OPERATION", "EVENT", "HASH", "WHAT"), rows)


def open_lines(found: Iterable[Reconciled]) -> list[str]:
    """Return one line per open operation: since when, whose, what, and what is known of it."""
    rows = [
        (
            time_text(each.operation.intent.at),
            str(each.operation.holder),
            each.operation.intent.stamp,
            each.operation.operation,
            told(each.operation.intent),
            each.found.value,
            each.evidence + (f" — {each.todo}" if each.todo else ""),
        )
        for each in found
    ]
    return _lines(("SINCE", "WHO", "STAMP", "OPERATION", "WHAT", "FOUND", "EVIDENCE"), rows)


def time_text(at: float) -> str:
    """Return a time for people, in UTC as everywhere in the output of commands."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _remark(operation: RecordedOperation) -> str:
    """Return what overrides it took and for which reason, then what is to be said of its end."""
    override = f"override {', '.join(operation.overrides)}: {operation.reason}" if operation.overrides else ""
    return "; ".join(each for each in (override, operation.why) if each)


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]], toned_at: int = -1) -> list[str]:
    """Return aligned lines whose last cell is cut at the edge of a terminal, and whole in a pipe."""
    cells = [[cell_text(" ".join(cell.split())) for cell in row] for row in rows]
    widths = [max(width(row[at]) for row in (list(header), *cells)) for at in range(len(header) - 1)]
    room = None
    if sys.stdout.isatty():
        left = shutil.get_terminal_size().columns - sum(widths) - 3 * len(widths)
        room = max(_NARROWEST, left)
    made = []
    for row in ([*header], *cells):
        padded = [text + " " * (wide - width(text)) for text, wide in zip(row, widths, strict=False)]
        if toned_at >= 0 and row[toned_at] in _TONES:
            padded[toned_at] = toned(padded[toned_at], _TONES[row[toned_at]])
        made.append("   ".join((*padded, _cut(row[-1], room))).rstrip())
    return made


def _cut(text: str, room: int | None) -> str:
    if room is None or width(text) <= room:
        return text
    kept = text[: room - 1]
    while width(kept) > room - 1:
        kept = kept[:-1]
    return inert.name(kept.rstrip()) + "…"
