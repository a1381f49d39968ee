"""Whether a watch that says nothing misses something: asked of the API by a second, short watch from the same version.

A version is one of the whole store, so that of a new list tells nothing about one collection. A watch from the last
version seen does, in a few bytes and for any selector: what it brings, the first one should have brought. It ends by
itself after a second, so that even a proxy that holds streams back until they end has to hand over what was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum, auto

import msgspec

from backends.kubernetes.connection import Connection
from backends.kubernetes.failures import Status
from backends.kubernetes.lines import LineSplitter

_SHORT_S = 1
_LONGEST = 1 << 20
"""So many bytes without the end of a line prove that there is something to say."""


class Silence(Enum):
    """What the silence of a watch means."""

    QUIET = auto()
    """Nothing happened: what is known is what the API says now."""
    DEAF = auto()
    """Something happened, and the watch did not carry it."""
    MUTE = auto()
    """The API, or something on the way, accepts watches and leaves them open without a word."""


class _Said(msgspec.Struct):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw()


async def examine(
    connection: Connection, path: str, selectors: Mapping[str, str], version: str, *, accept: str, doing: str
) -> Silence:
    """Return what the silence since `version` means; raises SourceError, Expired when the server forgot the version."""
    query = {**selectors, "watch": "true", "resourceVersion": version, "timeoutSeconds": str(_SHORT_S)}
    splitter = LineSplitter()
    try:
        async with asyncio.timeout(_SHORT_S + 2 * connection.timing.beat_answer_s):
            async with connection.stream(path, query, accept=accept, doing=doing) as stream:
                connection.expect_json(stream.content_type, b"", doing)
                async for chunk in stream.chunks:
                    if line := splitter.push(chunk).partition(b"\n")[0]:
                        return _meaning(connection, line, doing)
                    if splitter.size > _LONGEST:
                        return Silence.DEAF
    except TimeoutError:
        return Silence.MUTE
    return Silence.QUIET


def _meaning(connection: Connection, line: bytes, doing: str) -> Silence:
    try:
        said = msgspec.json.decode(line, type=_Said)
        if said.type == "ERROR":
            raise connection.failed(msgspec.json.decode(said.object, type=Status), doing)
    except msgspec.MsgspecError:
        raise connection.malformed(doing) from None
    # Nobody asked for bookmarks, but one would prove nothing missing.
    return Silence.QUIET if said.type == "BOOKMARK" else Silence.DEAF
