"""The order of rows by any column."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model.sorting import natural, row_key
from backends.model.table import CellValue
from tests.support.fakes import a_row, columns


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("CPU", ["90m", "250m", "1", "1500m", "2", ""]),
        ("Memory", ["900Ki", "5Mi", "1Gi", "2G", "<unknown>"]),
        ("Ready", ["0/2", "1/3", "1/2", "1/1", "3/3"]),
        ("Restarts", ["0", "2 (3d ago)", 3, "10 (5m ago)"]),
        ("IP", ["9.0.0.1", "10.0.0.2", "10.0.0.10", "10.0.1.1", "<none>"]),
        ("CPU%", ["5%", "45%", "100%", ""]),
        ("Node", ["pool-2", "pool-10", "pool-11", "<none>", None]),
        ("Last Seen", ["9s", "2m", "90m", "3h", "2d", "<unknown>"]),
        ("Version", ["v1.9.3", "v1.19.10", "v1.20.2"]),
        ("Targets", ["7%/80%", "45%/80%", "<unknown>/80%"]),
        ("Thing", [1, 2, 10, "a", "b", "<none>"]),
    ],
)
def test_cells_are_ordered_by_what_they_mean(name: str, cells: Sequence[CellValue]) -> None:
    table = columns("Name", name)
    rows = [a_row("o", f"row-{index}", cell) for index, cell in enumerate(cells)]
    key = row_key(table, name)
    shuffled = rows[1::2] + rows[::2]
    assert [row.cells[1] for row in sorted(shuffled, key=key)] == list(cells)


def test_rows_without_a_value_stay_last_in_reverse() -> None:
    table = columns("Name", "CPU")
    rows = [a_row("o", name, cpu) for name, cpu in (("a", ""), ("b", "1"), ("c", "2"))]
    found = sorted(rows, key=row_key(table, "CPU", reverse=True), reverse=True)
    assert [row.name for row in found] == ["c", "b", "a"]


def test_ages_rise_from_the_youngest_and_ignore_the_servers_text() -> None:
    table = columns("Name", "Age")
    rows = [a_row("o", "old", "1s", created_at=10.0), a_row("o", "young", "9d", created_at=99.0), a_row("o", "no", "")]
    assert [row.name for row in sorted(rows, key=row_key(table, "AGE"))] == ["young", "old", "no"]


def test_ties_are_ordered_by_name_and_names_naturally() -> None:
    table = columns("Name", "Status")
    rows = [a_row("o", name, "Running") for name in ("b", "a", "c")]
    assert [row.name for row in sorted(rows, key=row_key(table, "status"))] == ["a", "b", "c"]
    rows = [a_row("o", name, "Running") for name in ("web-10", "web-9", "api-1")]
    assert [row.name for row in sorted(rows, key=row_key(table, "name"))] == ["api-1", "web-9", "web-10"]


@pytest.mark.parametrize("reverse", [False, True])
def test_ties_stay_in_the_order_of_names_whichever_way_the_sort_goes(reverse: bool) -> None:
    table = columns("Name", "Status")
    rows = [a_row(stamp, name, "Running") for name in ("bb", "a", "b", "é") for stamp in ("seattle", "orlando")]
    found = sorted(rows, key=row_key(table, "status", reverse=reverse), reverse=reverse)
    assert [(row.name, row.stamp) for row in found] == [
        (name, stamp) for name in ("a", "b", "bb", "é") for stamp in ("orlando", "seattle")
    ]


def test_every_row_has_a_stamp_a_namespace_and_a_name() -> None:
    rows = [a_row("seattle", "x", namespace="a"), a_row("orlando", "y", namespace="b")]
    assert sorted(rows, key=row_key((), "stamp"))[0].stamp == "orlando"
    assert sorted(rows, key=row_key((), "namespace"))[0].namespace == "a"
    assert sorted(rows, key=row_key((), "name"))[0].name == "x"
    with pytest.raises(KeyError):
        row_key((), "status")


@given(text=st.text(alphabet="ab-01259.İß٣", max_size=12))
def test_every_number_of_a_name_is_spread(text: str) -> None:
    assert natural(text) == re.sub("[0-9]+", lambda found: found[0].zfill(16), text.lower())
