"""Quantities and durations, both ways."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.model import quantity
from backends.model.age import format_duration, parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"), ("250m", "0.25"), ("1536Mi", str(1536 * 2**20)), ("2G", "2e9"), ("1e3", "1000"), ("1E3", "1000"),
        ("12E", "12e18"), ("1.5Gi", str(3 * 2**29)), (".5", "0.5"), ("-3k", "-3000"), ("100n", "1e-7"), ("5.", "5"),
    ],
)  # fmt: skip
def test_quantities(text: str, number: str) -> None:
    assert quantity.parse(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "m", "1x", "1 Gi", "Gi", "1ee3", "one", "1Kii", "--1", "1e", "٣"])
def test_what_is_no_quantity(text: str) -> None:  # the last is a digit to Unicode, not to Kubernetes
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse(text)


@pytest.mark.parametrize(("text", "millicores"), [("1", 1000), ("250m", 250), ("155932543n", 156), ("0.1", 100)])
def test_cpu_is_rounded_up(text: str, millicores: int) -> None:
    assert quantity.cpu_millicores(text) == millicores


@pytest.mark.parametrize(
    ("text", "size"), [("128974848", 128974848), ("129M", 129 * 10**6), ("128974848000m", 128974848)]
)
def test_memory(text: str, size: int) -> None:
    assert quantity.memory_bytes(text) == size


@given(st.integers(0, 10**7), st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]))
def test_a_suffix_scales_and_order_is_kept(number: int, suffix: str) -> None:
    assert quantity.parse(f"{number}{suffix}") == number * quantity.parse(f"1{suffix}")
    assert quantity.parse(f"{number + 1}{suffix}") > quantity.parse(f"{number}{suffix}")


@given(st.text(max_size=12))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    try:
        quantity.parse(text)
    except ValueError:
        return
    assert any(letter.isdigit() for letter in text)


@pytest.mark.parametrize(
    ("millicores", "short"), [(250, "250m"), (999, "999m"), (1000, "1.0"), (3500, "3.5"), (18000, "18")]
)
def test_cpu_in_a_headline(millicores: int, short: str) -> None:
    assert quantity.format_cores(millicores) == short
    assert quantity.format_cpu(millicores) == f"{millicores}m"


@pytest.mark.parametrize(
    ("size", "short", "top"),
    [(812 * 2**20, "812Mi", "812Mi"), (1610612736, "1.5Gi", "1536Mi"), (31 * 2**30, "31Gi", "31744Mi")],
)
def test_memory_in_words(size: int, short: str, top: str) -> None:
    assert quantity.format_memory_short(size) == short
    assert quantity.format_memory(size) == top


MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1.5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"),
        (600, "10m"), (3 * HOUR - 1, "179m"), (3 * HOUR, "3h"), (3 * HOUR + 5 * MINUTE, "3h5m"), (8 * HOUR, "8h"),
        (47 * HOUR, "47h"), (2 * DAY, "2d"), (3 * DAY + 4 * HOUR, "3d4h"), (8 * DAY, "8d"), (700 * DAY, "700d"),
        (2 * YEAR, "2y"), (2 * YEAR + 9 * DAY, "2y9d"), (8 * YEAR + 9 * DAY, "8y"),
    ],
)  # fmt: skip
def test_durations_as_kubectl_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5m10s", 310), ("3d4h", 273600), ("1.5h", 5400), ("2w", 14 * DAY), ("250ms", 0.25), ("1y30d", YEAR + 30 * DAY)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5mm", "5M", "<invalid>"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@given(st.integers(0, 20 * YEAR))
def test_a_written_duration_is_read_back_within_its_smaller_figure(seconds: int) -> None:
    read = parse_duration(format_duration(seconds))
    assert read <= seconds
    assert seconds - read < max(1, seconds * 0.2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T00:00:10.123456789Z", 10.123456),
        ("1970-01-01T02:00:00+02:00", 0.0),
        ("1970-01-01T00:00:10", 10.0),
        ("yesterday", 0.0),
        ("", 0.0),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds)
