"""A series of numbers as one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-=+*#@"


def sparkline(
    values: Sequence[float | None],
    width: int,
    *,
    ascii_only: bool = False,
    lowest: float | None = None,
    highest: float | None = None,
) -> str:
    """Return the newest `width` values as bars, right-aligned in `width` cells; None is a gap.

    The scale runs from the smallest to the greatest value shown unless given; equal values are low bars.
    """
    if width <= 0:
        return ""
    shown = [value if value is not None and math.isfinite(value) else None for value in values[-width:]]
    known = [value for value in shown if value is not None]
    bars = ASCII_BARS if ascii_only else BARS
    low = min(known, default=0.0) if lowest is None else lowest
    high = max(known, default=0.0) if highest is None else highest
    span = high - low
    line = "".join(" " if value is None else bars[_step(value - low, span, len(bars))] for value in shown)
    return line.rjust(width)


def _step(above: float, span: float, steps: int) -> int:
    if span <= 0 or above <= 0:
        return 0
    return min(steps - 1, int(above / span * steps))
