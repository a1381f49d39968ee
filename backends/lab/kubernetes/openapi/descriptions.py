"""What types and fields are for, in words, from `descriptions.txt`: `Type: text`, `Type.field: text`, `field: text`."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from backends.lab.kubernetes.openapi.schema import Type


def describe_type(kind: Type) -> str:
    """Return what a type is; empty when nothing is written of it."""
    return _texts().get(kind.name, "")


def describe_field(kind: Type, field: str) -> str:
    """Return what a field of a type means: of that type, else of every field of the name, else empty."""
    texts = _texts()
    return texts.get(f"{kind.name}.{field}") or texts.get(field, "")


@lru_cache
def _texts() -> dict[str, str]:
    found = {}
    for line in (files(__package__) / "descriptions.txt").read_text(encoding="utf-8").splitlines():
        key, separator, text = line.partition(": ")
        if separator and not line.startswith("#"):
            found[key] = text
    return found
