"""The incremental order must always equal sorting everything anew."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.model.table import Row
from screens.widgets.order import RowOrder
from tests.screens.widgets.tables import make_row

CHANGE = st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(0, 9)))


def restarts(row: Row) -> Any:
    return row.cells[3]


def expected(rows: dict[str, Row], reverse: bool, accepts: Any = None) -> list[str]:
    shown = [row for row in rows.values() if accepts is None or accepts(row)]
    shown.sort(key=lambda row: (row.cells[3], row.name, row.uid), reverse=reverse)
    return [row.uid for row in shown]


@settings(deadline=None)
@given(st.lists(st.lists(CHANGE, max_size=30), max_size=6), st.booleans(), st.booleans())
def test_changes_in_any_amount_keep_the_order(batches: list[list[tuple[int, Any]]], reverse: bool, only: bool) -> None:
    rows: dict[str, Row] = {}
    order = RowOrder(rows)
    accepts = (lambda row: row.cells[3] % 2 == 0) if only else None
    order.set_sort(restarts, reverse)
    order.set_filter(accepts)
    for batch in batches:
        for number, value in batch:
            row = make_row(number, restarts=value or 0)
            if value is None:
                rows.pop(row.uid, None)
            else:
                rows[row.uid] = row
        order.update({make_row(number).uid for number, _ in batch})
        uids = [row.uid for row in order]
        assert uids == expected(rows, reverse, accepts)
        assert [order.index_of(uid) for uid in uids] == list(range(len(uids)))
        assert len(order) == len(uids)


def test_few_and_many_changes_of_a_large_table() -> None:
    draw = random.Random(1)
    rows = {row.uid: row for row in (make_row(number, restarts=draw.randrange(99)) for number in range(5_000))}
    order = RowOrder(rows)
    order.set_sort(restarts, False)
    for count in (3, 2_000):
        changed = [make_row(draw.randrange(5_000), restarts=draw.randrange(99)) for _ in range(count)]
        rows.update({row.uid: row for row in changed})
        order.update([row.uid for row in changed])
        assert [row.uid for row in order] == expected(rows, False)


def test_values_that_do_not_compare_are_sorted_by_type() -> None:
    values = [3, None, "b", 1.5, "a", float("nan"), True]
    rows = {row.uid: row for row in (make_row(n, restarts=value) for n, value in enumerate(values))}  # type: ignore[arg-type]
    order = RowOrder(rows)
    order.set_sort(restarts, False)
    assert [row.cells[3] for row in order][2:] == [True, 1.5, 3, "a", "b"]
    rows["orlando/00001"] = make_row(1, restarts="c")  # type: ignore[arg-type]
    order.update(["orlando/00001"])
    assert [row.cells[3] for row in order][-1] == "c"


def test_a_value_of_another_type_may_come_later() -> None:
    rows = {row.uid: row for row in (make_row(n, restarts=n) for n in range(5))}
    order = RowOrder(rows)
    order.set_sort(restarts, False)
    rows["orlando/00000"] = make_row(0, restarts="unknown")  # type: ignore[arg-type]
    order.update(["orlando/00000"])
    assert [row.uid for row in order][-1] == "orlando/00000"


def test_there_is_no_row_beyond_the_ends() -> None:
    order = RowOrder({})
    with pytest.raises(IndexError):
        order.row_at(0)
