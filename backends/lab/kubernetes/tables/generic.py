"""Kinds without a printer of their own: name and creation time."""

from __future__ import annotations

from backends.lab.kubernetes.tables.printer import CREATED_AT, NAME, Cells, Object, Printer


def _cells(obj: Object, now: float) -> Cells:
    meta = obj["metadata"]
    return [meta["name"], meta.get("creationTimestamp")]


GENERIC = Printer((NAME, CREATED_AT), _cells)
