"""A series of numbers as one line of text."""

from __future__ import annotations

from collections.abc import Sequence


def sparkline(values: Sequence[float | None], width: int, *, ascii_only: bool = False) -> str:
    """Return the newest `width` values as bars from lowest to highest; None is a gap."""
    raise NotImplementedError
