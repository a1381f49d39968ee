"""SPDY's frames: the dictionary, headers across frames, and bytes that come in pieces or make no sense."""

from __future__ import annotations

import asyncio
import struct
import zlib

import pytest

from backends.lab.kubernetes.spdy.frames import (
    DATA,
    DICTIONARY,
    FIN,
    PING,
    SYN_STREAM,
    BrokenFrame,
    FrameReader,
    HeaderBlocks,
    control_frame,
    data_frame,
)
from backends.lab.kubernetes.spdy.session import SpdySession


def _client_blocks() -> tuple[zlib._Compress, HeaderBlocks]:
    return zlib.compressobj(zdict=DICTIONARY), HeaderBlocks()


def _block(compressor: zlib._Compress, headers: dict[str, str]) -> bytes:
    plain = struct.pack("!I", len(headers))
    for text in (part for pair in headers.items() for part in pair):
        plain += struct.pack("!I", len(text)) + text.encode()
    return compressor.compress(plain) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _syn_stream(compressor: zlib._Compress, number: int, headers: dict[str, str], flags: int = 0) -> bytes:
    return control_frame(SYN_STREAM, struct.pack("!IIH", number, 0, 0) + _block(compressor, headers), flags)


def test_the_dictionary_is_the_protocols() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_headers_are_one_compressed_stream() -> None:
    client, server = _client_blocks()
    for headers in ({"streamtype": "error", "port": "80"}, {"streamtype": "data", "port": "80"}, {}):
        assert server.unpack(_block(client, headers)) == headers


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_frames_may_come_in_pieces(size: int) -> None:
    sent = data_frame(5, b"hello") + control_frame(PING, b"\0\0\0\1") + data_frame(5, b"", last=True)
    reader, frames = FrameReader(), []
    for start in range(0, len(sent), size):
        frames += reader.feed(sent[start : start + size])
    assert [(each.kind, each.stream, each.payload, each.is_last) for each in frames] == [
        (DATA, 5, b"hello", False),
        (PING, 0, b"\0\0\0\1", False),
        (DATA, 5, b"", True),
    ]


@pytest.mark.parametrize("sent", [b"\x80\x02\x00\x01\x00\x00\x00\x00", b"\x80\x03\x00\x01\x00\x00\x00\x02ab"])
def test_what_is_no_spdy_is_refused(sent: bytes) -> None:
    with pytest.raises(BrokenFrame):
        FrameReader().feed(sent)


async def test_a_session_opens_streams_answers_pings_and_ends_on_nonsense() -> None:
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    session = SpdySession(send)
    client, _ = _client_blocks()
    await session.feed(_syn_stream(client, 1, {"streamtype": "error"}, FIN) + _syn_stream(client, 3, {"a": "b"}))
    first, second = await session.accept(), await session.accept()
    assert first is not None and second is not None
    assert (first.headers, await first.read()) == ({"streamtype": "error"}, b"")
    await session.feed(data_frame(3, b"typed") + control_frame(PING, b"\0\0\0\7"))
    assert await second.read() == b"typed"
    assert sent == [control_frame(PING, b"\0\0\0\7")]
    reading = asyncio.create_task(second.read())
    await session.feed(b"\x80\x07\x00\x01\x00\x00\x00\x00")
    assert (await reading, await session.accept(), session.over.is_set()) == (b"", None, True)
    await second.write(b"too late")
    assert len(sent) == 1
