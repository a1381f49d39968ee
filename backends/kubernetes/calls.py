"""One request to an API before it is signed, and the two kinds of answer: whole, or going on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its body as the server sent it."""

    status: int
    body: bytes
    content_type: str
    warnings: tuple[str, ...] = ()
    """The server's `Warning` headers, such as deprecations."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request before it is signed."""

    method: str
    path: str
    doing: str
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = JSON
    body: bytes | None = None
    content_type: str = JSON
    fresh: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on: its chunks as they come."""

    content_type: str
    chunks: AsyncIterator[bytes]
