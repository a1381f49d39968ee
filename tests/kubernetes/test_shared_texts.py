"""Sharing texts changes no cell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backends.kubernetes.shared_texts import SharedTexts
from backends.model.table import CellValue

CELLS = st.one_of(st.sampled_from(["Running", "1/1", "0", ""]), st.text(max_size=3), st.integers(0, 2), st.booleans())
ODD = st.lists(st.lists(st.one_of(CELLS, st.none(), st.floats(0, 2)), max_size=4).map(tuple), max_size=70)
EVEN = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.tuples(*[st.one_of(CELLS, st.none())] * width), min_size=50, max_size=70)
)


def typed(rows: list[tuple[CellValue, ...]]) -> list[list[tuple[type, CellValue]]]:
    """Cells with their types: 1, 1.0 and True are equal, yet not the same to look at."""
    return [[(type(cell), cell) for cell in cells] for cells in rows]


@given(pages=st.lists(st.one_of(ODD, EVEN), max_size=3))
def test_every_cell_stays_what_it_is(pages: list[list[tuple[CellValue, ...]]]) -> None:
    texts = SharedTexts()
    for rows in pages:
        assert typed(texts.rows(rows)) == typed(rows)
        assert typed([texts.row(cells) for cells in rows]) == typed(rows)


def test_texts_that_repeat_are_one_object_in_pages_and_events() -> None:
    texts = SharedTexts()
    rows = texts.rows([(f"pod-{number}", "".join(["Run", "ning"]), number % 2) for number in range(100)])
    assert len({id(cells[1]) for cells in rows}) == 1
    assert texts.row(("pod-7", "".join(["Run", "ning"]), 1))[1] is rows[0][1]


def test_names_are_not_kept() -> None:
    texts = SharedTexts()
    texts.rows([(f"pod-{number}", "Running") for number in range(100)])
    assert len(texts._texts) == 1


def test_another_kind_of_table_is_looked_at_anew() -> None:
    texts = SharedTexts()
    texts.rows([(f"pod-{number}", "Running") for number in range(100)])
    rows = texts.rows([("".join(["de", "fault"]), f"pod-{number}", "".join(["Fai", "led"])) for number in range(100)])
    assert len({id(cells[0]) for cells in rows}) == len({id(cells[2]) for cells in rows}) == 1
