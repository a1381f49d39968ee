"""Quantities of Kubernetes, such as `250m` or `512Mi`, as numbers."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def quantity(text: str) -> float:
    """Return a quantity such as `250m`, `1.5`, `512Mi` as a number of its base unit; ValueError when it is none."""
    for suffix, factor in _SUFFIXES:
        if text.endswith(suffix):
            return float(text[: -len(suffix)]) * factor
    return float(text)


_SUFFIXES: tuple[tuple[str, float], ...] = (
    ("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30), ("Ti", 2**40), ("Pi", 2**50),
    ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15),
)  # fmt: skip
