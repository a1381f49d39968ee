"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from console.durations import parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("1d", 86400),
        ("7", 7),
    ],
)
def test_reading(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1 h", "m", "1h-", "1y", "infs", "nan", "1e3"])
def test_refusing(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(900, "15m"), (5400, "1h30m"), (2.5, "2.5s"), (0.25, "250ms"), (0, "0s")]
)
def test_writing(seconds: float, text: str) -> None:
    assert show_duration(seconds) == text


@given(some.integers(0, 10**7))
def test_what_is_written_reads_the_same(seconds: int) -> None:
    assert parse_duration(show_duration(float(seconds))) == seconds
