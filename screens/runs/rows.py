"""Runs and their parts as rows and lines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from backends.model.age import format_duration
from backends.model.fleet import Severity
from backends.model.run import ItemState, RunItem, RunLine, RunState, RunStatus
from backends.model.table import Row
from screens.glyphs import Glyphs
from screens.lines import Line, line, wrap
from screens.simple_table import text_columns, text_row
from screens.widgets.columns import TableColumn

if TYPE_CHECKING:
    from backends.operations.runs import Run

RUN_TITLES = ("STATE", "STAMP", "ELAPSED", "WHAT", "WHERE IT STANDS")
ITEM_TITLES = ("STATE", "FOR", "PART", "WHAT")
_SERIAL = len(ITEM_TITLES) * 2
"""Where an item's row keeps its place in the run, behind the texts and their tones."""

STATE_TONES: dict[RunState, str] = {
    RunState.PLANNED: "dim",
    RunState.RUNNING: "accent",
    RunState.PAUSED: "warn",
    RunState.STOPPING: "warn",
    RunState.SUCCEEDED: "good",
    RunState.FAILED: "bad",
    RunState.CANCELLED: "warn",
}
_ITEM_TONES: dict[ItemState, str] = {
    ItemState.WAITING: "dim",
    ItemState.WORKING: "accent",
    ItemState.BLOCKED: "warn",
    ItemState.DONE: "good",
    ItemState.SKIPPED: "dim",
    ItemState.FAILED: "bad",
}
_TROUBLE_FIRST = (
    ItemState.FAILED,
    ItemState.BLOCKED,
    ItemState.WORKING,
    ItemState.WAITING,
    ItemState.DONE,
    ItemState.SKIPPED,
)
_LINE_TONES = {Severity.INFO: "", Severity.GOOD: "good", Severity.WARNING: "warn", Severity.BAD: "bad"}
_CLOCK = "HH:MM:SS  "


def state_glyph(state: RunState, glyphs: Glyphs) -> str:
    """The picture of a run's state."""
    return {
        RunState.PLANNED: glyphs.off,
        RunState.RUNNING: glyphs.retrying,
        RunState.PAUSED: glyphs.stale,
        RunState.STOPPING: glyphs.stale,
        RunState.SUCCEEDED: glyphs.good,
        RunState.FAILED: glyphs.down,
        RunState.CANCELLED: glyphs.warn,
    }[state]


def item_glyph(state: ItemState, glyphs: Glyphs) -> str:
    """The picture of a part's state."""
    return {
        ItemState.WAITING: glyphs.off,
        ItemState.WORKING: glyphs.retrying,
        ItemState.BLOCKED: glyphs.warn,
        ItemState.DONE: glyphs.good,
        ItemState.SKIPPED: glyphs.dot,
        ItemState.FAILED: glyphs.down,
    }[state]


def elapsed(status: RunStatus, now: float) -> str:
    """Return how long a run takes, or took."""
    if status.started_at is None:
        return "-"
    return format_duration(max(0.0, (status.ended_at or now) - status.started_at))


def counts_text(items: Iterable[RunItem]) -> str:
    """Return how many parts are where, trouble first; those that are left alone are not counted."""
    counts = Counter(each.state for each in items)
    counts.pop(ItemState.SKIPPED, None)
    total = sum(counts.values())
    if not total:
        return ""
    others = [f"{counts[state]} {state}" for state in _TROUBLE_FIRST if state is not ItemState.DONE and counts[state]]
    return ", ".join([f"{counts[ItemState.DONE]} of {total} done", *others])


def run_rows(runs: Sequence[Run], now: float, glyphs: Glyphs) -> dict[str, Row]:
    """Return a row per run, by its number."""
    rows: dict[str, Row] = {}
    for run in runs:
        status = run.status.value
        tone = STATE_TONES[status.state]
        said = str(status.outcome) if status.outcome is not None else counts_text(status.items) or str(status.step)
        cells = (
            (f"{state_glyph(status.state, glyphs)} {status.state}", tone),
            (status.change.stamp, "accent"),
            (elapsed(status, now), "dim"),
            (_what(status), None),
            (said, tone if status.state.is_over and status.state is not RunState.SUCCEEDED else "dim"),
        )
        rows[str(run.number)] = text_row(str(run.number), cells, stamp=status.change.stamp, name=status.change.summary)
    return rows


def _what(status: RunStatus) -> str:
    """A change without its stamp, which stands beside it."""
    return status.change.summary.removesuffix(f" on {status.change.stamp}")


def run_columns() -> list[TableColumn]:
    """Return the columns of runs; sorted by state, those going on come first, and then the newest."""
    state, *others = text_columns(RUN_TITLES, long=("WHAT", "WHERE IT STANDS"))

    def rank(row: Row) -> tuple[bool, int]:
        return RunState(str(row.cells[0]).rpartition(" ")[2]).is_over, -int(row.uid)

    return [TableColumn(state.key, state.title, state.text, rank, state.tone, max_width=12, min_width=11), *others]


def item_columns() -> list[TableColumn]:
    """Return the columns of a run's parts; sorted by state, trouble comes first."""
    state, *others = text_columns(ITEM_TITLES, long=("PART", "WHAT"))
    order = {each: number for number, each in enumerate(_TROUBLE_FIRST)}

    def rank(row: Row) -> tuple[int, int]:
        return order[ItemState(str(row.cells[0]).rpartition(" ")[2])], int(str(row.cells[_SERIAL]))

    return [TableColumn(state.key, state.title, state.text, rank, state.tone, max_width=12, min_width=9), *others]


def item_rows(items: Sequence[RunItem], now: float, glyphs: Glyphs) -> dict[str, Row]:
    """Return a row per part, by its key."""
    rows: dict[str, Row] = {}
    for number, item in enumerate(items):
        tone = _ITEM_TONES[item.state]
        for_s = "" if item.state in (ItemState.DONE, ItemState.SKIPPED) else format_duration(max(0.0, now - item.since))
        cells = (
            (f"{item_glyph(item.state, glyphs)} {item.state}", tone),
            (for_s, "dim"),
            (item.key, None if item.state is not ItemState.SKIPPED else "dim"),
            (item.text, tone if item.state in (ItemState.BLOCKED, ItemState.FAILED) else "dim"),
        )
        row = text_row(item.key, cells, name=item.key)
        rows[item.key] = Row(row.uid, row.stamp, row.namespace, row.name, (*row.cells, number))
    return rows


def part_lines(row: Row, width: int) -> list[Line]:
    """Return one part in full, as its row says it."""
    state, _, name, said = (str(each) for each in row.cells[: len(ITEM_TITLES)])
    first, *rest = wrap(f"{name}: {said}" if said else name, width - len(state) - 2, 3) or [""]
    tone = str(row.cells[len(ITEM_TITLES)])
    return [line((state, tone), "  ", first), *(line(" " * (len(state) + 2), each) for each in rest)]


def log_lines(lines: Sequence[RunLine], lost: int, width: int) -> list[Line]:
    """Return what a run said, each line with its time and broken to the width."""
    made: list[Line] = [line((f"{lost} earlier lines are gone", "dim"))] if lost else []
    room = max(20, width - len(_CLOCK))
    for each in lines:
        at = time.strftime("%H:%M:%S", time.localtime(each.at))
        first, *rest = wrap(each.text, room, 12) or [""]
        tone = _LINE_TONES[each.severity]
        made.append(line((at, "dim"), "  ", (first, tone)))
        made += [line(" " * len(_CLOCK), (part, tone)) for part in rest]
    return made
