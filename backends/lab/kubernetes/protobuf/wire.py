"""The protobuf wire format: fields as numbers and raw values (protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


class MalformedMessage(ValueError):
    """The bytes are not a protobuf message."""


def read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a message: varints as unsigned integers, everything else as bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == VARINT:
            value, position = _varint(data, position)
        elif kind in (BYTES, FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
            if kind == BYTES:
                length, position = _varint(data, position)
            value = data[position : position + length]
            if len(value) != length:
                raise MalformedMessage(f"field {number} is cut off")
            position += length
        else:
            raise MalformedMessage(f"field {number} has the unknown wire type {kind}")
        yield number, value


def signed(value: int) -> int:
    """Return an int32 or int64 from its varint, which carries 64 bits in two's complement."""
    return value - (1 << 64) if value >> 63 else value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise MalformedMessage("a number is cut off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7


def field(number: int, value: bytes | str | int | bool) -> bytes:
    """Return one encoded field: integers and booleans as varints, the rest with its length."""
    if isinstance(value, int):
        return _encode_varint(number << 3 | VARINT) + _encode_varint(int(value) & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return _encode_varint(number << 3 | BYTES) + _encode_varint(len(data)) + data


def _encode_varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
