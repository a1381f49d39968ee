"""Whether a watch that says nothing misses something: asked of the API by a second, short watch from the same version.

A version is one of the whole store, so that of a new list tells nothing about one collection. A watch from the last
version seen does, in a few bytes and for any selector: what it brings, the first one should have brought. It ends by
itself after a second, so that even a proxy that holds streams back until they end has to hand over what was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto

import msgspec

from backends.kubernetes.calls import Stream
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
    try:
        return await _ask(connection, connection.stream(path, query, accept=accept, doing=doing), doing)
    except TimeoutError:
        # What made the watch deaf may have taken the kept connections too: only a new one proves anything.
        pass
    try:
        return await _ask(connection, connection.stream(path, query, accept=accept, doing=doing, fresh=True), doing)
    except TimeoutError:
        raise connection.unanswered(2 * connection.timing.beat_answer_s) from None


async def _ask(connection: Connection, opening: AbstractAsyncContextManager[Stream], doing: str) -> Silence:
    """Read one short watch; TimeoutError when it was not even begun to be answered."""
    answer_s = connection.timing.beat_answer_s
    async with asyncio.timeout(2 * answer_s) as deadline, opening as stream:
        connection.expect_json(stream.content_type, b"", doing)
        # From here on it is not the way to the API that is slow.
        deadline.reschedule(None)
        try:
            async with asyncio.timeout(_SHORT_S + answer_s):
                return _meaning(connection, await _first_line(stream.chunks), doing)
        except TimeoutError:
            return Silence.MUTE


async def _first_line(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the first line, the beginning of one too long to wait for its end, or nothing at the end."""
    splitter = LineSplitter()
    async for chunk in chunks:
        if lines := splitter.push(chunk):
            return lines.partition(b"\n")[0]
        if splitter.size > _LONGEST:
            break
    return splitter.take()


def _meaning(connection: Connection, line: bytes, doing: str) -> Silence:
    if not line:
        return Silence.QUIET
    if len(line) > _LONGEST:
        return Silence.DEAF
    try:
        said = msgspec.json.decode(line, type=_Said)
        if said.type == "ERROR":
            raise connection.failed(msgspec.json.decode(said.object, type=Status), doing)
    except msgspec.MsgspecError:
        raise connection.malformed(doing) from None
    # Nobody asked for bookmarks, but one would prove nothing missing.
    return Silence.QUIET if said.type == "BOOKMARK" else Silence.DEAF
