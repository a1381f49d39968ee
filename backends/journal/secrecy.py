"""What goes into the journal's `data`: plain values without secrets, none of them without bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.model.journal import CUT
from backends.model.redact import MASK, Redactor

LONGEST_TEXT = 64_000
"""Characters of one text that are kept: a diff of a large object is cut, and says so."""


def without_secrets(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy in which whatever looks like a secret, by its key, its flag or its shape, is masked."""
    return {Redactor().line(str(key)): _of_key(str(key), value) for key, value in data.items()}


def _of_key(key: str, value: Any) -> Any:
    # The redactor knows names by what stands before a value in a text.
    if isinstance(value, str | int) and value and Redactor().line(f"{key}=123456").endswith(MASK):
        return MASK
    return _masked(value)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        # An enum of texts is its value; the copy is a plain text.
        return _bounded(Redactor().text(str.__str__(value)))
    if isinstance(value, Mapping):
        return without_secrets(value)
    if isinstance(value, list | tuple):
        if value and all(isinstance(each, str) for each in value):
            return [_bounded(each) for each in Redactor().argv([str.__str__(each) for each in value])]
        return [_masked(each) for each in value]
    return value


def _bounded(text: str) -> str:
    left = len(text) - LONGEST_TEXT
    return text if left <= 0 else f"{text[:LONGEST_TEXT]}{CUT}{left:,} characters)"
