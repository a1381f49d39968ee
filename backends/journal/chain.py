"""The chain: each row's hash covers the row and the hash before it, so that no row changes unnoticed.

    hash = SHA-256 of the JSON array [previous hash, number, operation, at_us, kind, person, host, process, stamp, data]

The array is written without blanks and in ASCII, `data` as the JSON text it is stored as (keys sorted), and
the row before the first has a hash of 64 zeros. Anyone can recompute it from an export.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from backends.model.journal import Author, EventKind, JournalEvent

GENESIS = "0" * 64
"""The hash before the first row."""


SHORTEST_NOTED = 12
"""Digits of a head that are enough to know it by."""


def is_hash(text: str) -> bool:
    """Whether a text is a hash of the chain, or a beginning of one that is long enough."""
    return re.fullmatch(rf"[0-9a-fA-F]{{{SHORTEST_NOTED},64}}", text) is not None


class StoredRow(NamedTuple):
    """One row as it is stored, in the order of the columns; times in microseconds since the Unix epoch."""

    number: int
    operation: str
    at_us: int
    kind: str
    person: str
    host: str
    process: str
    stamp: str
    data: str
    hash: str

    def hash_after(self, previous: str) -> str:
        """Return the hash this row must have behind a row of that hash."""
        text = json.dumps((previous, *self[:-1]), separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def event(self) -> JournalEvent:
        """Return what it tells; ValueError when someone put in what the console never writes."""
        return JournalEvent(
            number=self.number,
            operation=self.operation,
            at=self.at_us / 1e6,
            kind=EventKind(self.kind),
            author=Author(self.person, self.host, self.process),
            stamp=self.stamp,
            data=json.loads(self.data),
            hash=self.hash,
        )


def data_text(data: Mapping[str, Any]) -> str:
    """Return plain JSON values as the text that is stored and hashed; ValueError or TypeError for anything else."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
