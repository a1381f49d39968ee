"""Operations as rows of a table, and one operation as lines of text."""

from __future__ import annotations

import time
from collections.abc import Sequence

from backends.model.age import format_duration
from backends.model.journal import EventKind, JournalEvent
from backends.model.recorded import OPEN, RecordedOperation, event_lines, told
from backends.model.table import Column, Row
from screens.lines import EMPTY, Line, line, wrap
from screens.widgets.columns import TableColumn

TITLES = ("TIME", "WHO", "STAMP", "CHANGE", "RESULT", "WHY")
COLUMNS = tuple(Column(title.title()) for title in TITLES)
"""The same columns as a filter names them."""
NOTHING_YET = "nothing was written yet: the first change, or the first refusal of one, begins the journal"
_RESULT = TITLES.index("RESULT")
_WIDTHS = {"WHO": (8, 24), "CHANGE": (24, 48), "WHY": (10, 200)}
"""Least and most cells of the columns that give way in a narrow terminal."""
_RESULT_TONES = {
    "done": "good",
    OPEN: "warn",
    "refused": "warn",
    "unverified": "warn",
    "failed": "bad",
    "cancelled": "dim",
}
_DIFF_TONES = {"+": "good", "-": "bad", "@": "accent"}
_NAME_WIDTH = 14


def table_columns() -> list[TableColumn]:
    """Return the columns of the table: the time sorts by the order of the journal, which clocks cannot turn."""
    return [_column(index, title) for index, title in enumerate(TITLES)]


def _column(index: int, title: str) -> TableColumn:
    def text(row: Row) -> str:
        return str(row.cells[index])

    least, most = _WIDTHS.get(title, (3, 24))
    return TableColumn(
        key=title.lower(),
        title=title,
        text=text,
        sort_key=(lambda row: row.uid) if index == 0 else text,
        tone=result_tone if index == _RESULT else None,
        min_width=least,
        max_width=most,
        flexible=title in _WIDTHS,
    )


def result_tone(row: Row) -> str | None:
    """Return the tone of how a row's operation ended; the word itself always stands there."""
    return _RESULT_TONES.get(str(row.cells[_RESULT]))


def is_open(row: Row) -> bool:
    """Whether a row's operation has no end yet."""
    return row.cells[_RESULT] == OPEN


def operation_row(operation: RecordedOperation) -> Row:
    """Return an operation as a row; its uid sorts as the journal does."""
    override = f"override {', '.join(operation.overrides)}: {operation.reason}" if operation.overrides else ""
    cells = (
        time.strftime("%m-%d %H:%M", time.localtime(operation.at)),
        str(operation.author),
        operation.stamp,
        _change_text(operation),
        operation.result,
        "; ".join(each for each in (override, operation.why) if each),
    )
    return Row(f"{operation.number:012d}", operation.stamp, "", operation.operation, cells)


def clock_text(at: float) -> str:
    """Return a time on this machine's clock, as everywhere on the screen, with its day."""
    return time.strftime("%m-%d %H:%M:%S", time.localtime(at))


def _change_text(operation: RecordedOperation) -> str:
    """Return what is done to what, in the little room of a column: of nodes and of namespaces only the name."""
    return f"{operation.action} {operation.target.removeprefix('node/').partition(' in ')[0]}".rstrip()


def counts_text(operations: Sequence[RecordedOperation]) -> str:
    """Return how many there are and how many are open."""
    still = sum(each.is_open for each in operations)
    return f"{len(operations):,} recorded" + (f", {still} open" if still else "")


def operation_lines(operation: RecordedOperation, width: int) -> list[Line]:
    """Return one operation in full: what was to be done and how it ended, then event by event all that was written."""
    tone = _RESULT_TONES.get(operation.result)
    lines = _pairs((("what", operation.summary), ("where", operation.stamp), ("who", str(operation.author))), width)
    lines += _pairs((("result", operation.result),), width, f"{tone}-strong" if tone else None)
    lines += _pairs((("why", operation.why), ("overridden", ", ".join(operation.overrides))), width)
    lines += _pairs((("reason", operation.reason),), width)
    lines += _pairs((("by hand", operation.command),), width, "accent")
    for event in operation.events:
        lines += [EMPTY, _event_title(event, operation.at), *_event_body(event, width)]
    return lines


def _event_title(event: JournalEvent, began_at: float) -> Line:
    since = event.at - began_at
    after = f"  +{format_duration(since)}" if since >= 1 else ""
    return line(
        (f"{clock_text(event.at)}  ", "dim"),
        (event.kind.value, "title"),
        (f"  {event.author}{after}  row {event.number}  {event.hash[:12]}", "dim"),
    )


def _event_body(event: JournalEvent, width: int) -> list[Line]:
    pairs = event_lines(event)
    if not pairs:
        return [line(f"  {told(event)}")]
    lines: list[Line] = []
    named = ""
    for name, text in pairs:
        named = name or named
        if named == "diff":
            # Lines of a diff keep their blanks, and are scrolled sideways rather than broken.
            lines.append(line((f"  {name:<{_NAME_WIDTH}}", "dim"), (text, _DIFF_TONES.get(text[:1]))))
        else:
            lines += _pair(name, text, width, "bad" if event.kind is EventKind.REFUSED and name == "why" else None)
    return lines


def _pairs(pairs: Sequence[tuple[str, str]], width: int, tone: str | None = None) -> list[Line]:
    return [each for name, text in pairs if text for each in _pair(name, text, width, tone)]


def _pair(name: str, text: str, width: int, tone: str | None) -> list[Line]:
    indent = _NAME_WIDTH + 2
    parts = wrap(text, max(20, width - indent), 20) or [""]
    return [line((f"  {name if at == 0 else '':<{_NAME_WIDTH}}", "dim"), (part, tone)) for at, part in enumerate(parts)]
