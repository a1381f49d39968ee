"""Lines of container logs with where they came from."""

from __future__ import annotations

import msgspec


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line of one container; `at` is the server's timestamp in seconds since the Unix epoch (0 if none)."""

    at: float
    stamp: str
    namespace: str
    pod: str
    container: str
    text: str
    timestamp: str = ""
    """The RFC 3339 text the server sent, with its nanoseconds: two lines within a microsecond keep their order."""


class LogRequest(msgspec.Struct, frozen=True):
    """What to read of one container (core/v1 PodLogOptions): None means the server's default."""

    namespace: str
    pod: str
    container: str
    follow: bool = True
    previous: bool = False
    tail_lines: int | None = None
    since_s: int | None = None
    since_time: str | None = None
