"""Frames of SPDY/3.1: control frames, data frames, and header blocks compressed with the protocol's dictionary.

Source: the draft "SPDY Protocol - Draft 3.1", sections 2.2, 2.6 and 2.6.10.1 (the dictionary).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FIN = 0x01
DATA = 0
"""The `kind` of a data frame, which has none of its own."""
_VERSION = 3
_CONTROL = 0x8000
_HEAD = struct.Struct("!HHI")
_HEAD_BYTES = 8
LONGEST = 0xFFFFFF

_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_MORE_WORDS = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_TEXT = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: str) -> bytes:
    return struct.pack("!I", len(text)) + text.encode()


DICTIONARY = b"".join(map(_counted, (*_WORDS.split(), *_MORE_WORDS))) + _TEXT.encode()


class BrokenFrame(ValueError):
    """Bytes that are no SPDY; the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `stream` is 0 where a frame is about the whole connection."""

    kind: int
    stream: int
    flags: int
    payload: bytes

    @property
    def is_last(self) -> bool:
        """Whether its sender says no more on this stream."""
        return bool(self.flags & FIN)


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are whole now; BrokenFrame for another version."""
        self._held += data
        frames = []
        while len(self._held) >= _HEAD_BYTES:
            first, second, rest = _HEAD.unpack_from(self._held)
            flags, length = rest >> 24, rest & LONGEST
            if len(self._held) < _HEAD_BYTES + length:
                break
            payload = bytes(self._held[_HEAD_BYTES : _HEAD_BYTES + length])
            del self._held[: _HEAD_BYTES + length]
            if first & _CONTROL:
                frames.append(_control(first & ~_CONTROL, second, flags, payload))
            else:
                frames.append(Frame(DATA, first << 16 | second, flags, payload))
        return frames


def _control(version: int, kind: int, flags: int, payload: bytes) -> Frame:
    if version != _VERSION:
        raise BrokenFrame(f"version {version} of SPDY is not spoken here")
    stream = 0
    if kind in (SYN_STREAM, SYN_REPLY, RST_STREAM, HEADERS, WINDOW_UPDATE):
        if len(payload) < 4:
            raise BrokenFrame("a frame is too short")
        stream = int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        payload = payload[4:]
    return Frame(kind, stream, flags, payload)


def data_frame(stream: int, data: bytes, *, last: bool = False) -> bytes:
    """Return a data frame; `data` is at most LONGEST bytes."""
    return struct.pack("!II", stream, (FIN if last else 0) << 24 | len(data)) + data


def control_frame(kind: int, payload: bytes, flags: int = 0) -> bytes:
    """Return a control frame."""
    return _HEAD.pack(_CONTROL | _VERSION, kind, flags << 24 | len(payload)) + payload


class HeaderBlocks:
    """Header blocks of both directions; each direction is one compressed stream over the whole connection."""

    def __init__(self) -> None:
        self._inward = zlib.decompressobj(zdict=DICTIONARY)
        self._outward = zlib.compressobj(zdict=DICTIONARY)

    def unpack(self, block: bytes) -> dict[str, str]:
        """Return the headers of a block, names in lower case; BrokenFrame when it is none."""
        try:
            plain = self._inward.decompress(block)
            (count,) = struct.unpack_from("!I", plain)
            position, found = 4, {}
            for _ in range(count):
                name, position = _text(plain, position)
                value, position = _text(plain, position)
                found[name.lower()] = value
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise BrokenFrame(f"a header block cannot be read: {error}") from None
        return found

    def pack(self, headers: Mapping[str, str]) -> bytes:
        """Return a block of headers."""
        pairs = b"".join(_counted(name.lower()) + _counted(value) for name, value in headers.items())
        plain = struct.pack("!I", len(headers)) + pairs
        return self._outward.compress(plain) + self._outward.flush(zlib.Z_SYNC_FLUSH)


def _text(plain: bytes, position: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("!I", plain, position)
    start = position + 4
    return plain[start : start + length].decode(), start + length
