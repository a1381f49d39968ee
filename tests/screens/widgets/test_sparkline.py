"""Numbers as a line of bars."""

from __future__ import annotations

import math

import pytest

from screens.widgets.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([1, None, 2], 3, "▁ █"),
        ([5, 5, 5], 3, "▁▁▁"),
        ([9, 9, 1, 2], 2, "▁█"),
        ([1, 2], 5, "   ▁█"),
        ([], 3, "   "),
        ([1, math.nan, math.inf, 2], 4, "▁  █"),
        ([1, 2], 0, ""),
    ],
)
def test_bars(values: list[float | None], width: int, line: str) -> None:
    assert sparkline(values, width) == line


def test_a_given_scale_and_ascii() -> None:
    assert sparkline([0, 50, 100], 3, lowest=0, highest=100, ascii_only=True) == "_+@"
    assert sparkline([200], 1, lowest=0, highest=100) == "█"
