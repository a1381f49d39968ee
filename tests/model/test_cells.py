"""Texts and tones of cells."""

from __future__ import annotations

import pytest

from backends.model.cells import is_right_aligned, text_of, tone_reader
from backends.model.table import CellValue, Column, Row
from tests.support.fakes import NODE_COLUMNS, POD_COLUMNS, a_row, columns

NOW = 1_800_000_000.0


def seen(seconds_ago: float, *cells: CellValue) -> Row:
    return Row("o/x", "o", "default", "x", cells, seen_at=NOW - seconds_ago)


@pytest.mark.parametrize(
    ("name", "row", "text"),
    [
        ("Age", a_row("o", "x", created_at=NOW - 125), "2m5s"),
        ("Age", a_row("o", "x"), "<unknown>"),
        ("Last Seen", seen(60, "5m"), "6m"),
        ("Last Seen", seen(60, "<unknown>"), "<unknown>"),
        ("Last Seen", Row("o/x", "o", "", "x", ("5m",)), "5m"),
        ("Restarts", seen(60, "3 (5m ago)"), "3 (6m ago)"),
        ("Restarts", seen(60, 3), "3"),
        ("Name", seen(0, None), ""),
        ("Suspend", seen(0, False), "False"),
    ],
)
def test_texts(name: str, row: Row, text: str) -> None:
    assert text_of(columns(name), 0, row, NOW) == text


@pytest.mark.parametrize(
    ("ready", "status", "expected"),
    [
        ("1/1", "Running", "good"),
        ("0/1", "Running", "warn"),
        ("0/1", "Pending", "warn"),
        ("0/1", "CrashLoopBackOff", "bad"),
        ("0/1", "Completed", "dim"),
    ],
)
def test_tones_of_pods(ready: str, status: str, expected: str) -> None:
    index = [column.name for column in POD_COLUMNS].index("Status")
    assert tone_reader(POD_COLUMNS, index, "pods")(a_row("o", "x", ready, status, 0, "1d", "", "")) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Ready", "good"), ("Ready,SchedulingDisabled", "warn"), ("NotReady", "bad"), ("Unknown", "bad")],
)
def test_tones_of_nodes(status: str, expected: str) -> None:
    assert tone_reader(NODE_COLUMNS, 1, "nodes")(a_row("o", "n", status)) == expected


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("Ready", "2/2", "good"),
        ("Ready", "1/2", "warn"),
        ("Ready", "0/2", "bad"),
        ("Ready", "0/0", "dim"),
        ("Restarts", "3 (5m ago)", "warn"),
        ("Restarts", 0, None),
        ("CPU%", "95%", "bad"),
        ("CPU%", "80%", "warn"),
        ("CPU%", "", None),
        ("Type", "Warning", "warn"),
        ("Type", "Normal", "dim"),
        ("Status", "Bound", "good"),
        ("Whatever", "<none>", "dim"),
        ("Whatever", "x", None),
    ],
)
def test_tones_of_other_columns(name: str, cell: CellValue, expected: str | None) -> None:
    assert tone_reader(columns("Name", name), 1)(a_row("o", "x", cell)) == expected


def test_amounts_are_right_aligned() -> None:
    assert is_right_aligned(Column("Restarts"))
    assert is_right_aligned(Column("Thing", "integer"))
    assert not is_right_aligned(Column("Status"))
