"""Request bodies in Kubernetes' protobuf form, which typed clients (kubectl's `autoscale`, `drain`, `auth`) send.

The envelope is `k8s\\0` and a runtime.Unknown: apiVersion, kind and the object's own message
(k8s.io/apimachinery/pkg/runtime/generated.proto). Answers stay JSON: those clients accept both.
"""

from __future__ import annotations

import base64
import json
import struct
from datetime import UTC, datetime
from typing import Any

from backends.lab.kubernetes.openapi.packages import find_kind
from backends.lab.kubernetes.openapi.schema import SCALARS, Field, Type, type_of
from backends.lab.kubernetes.protobuf.wire import MalformedMessage, read_fields, signed

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"


def decode(body: bytes) -> dict[str, Any]:
    """Return the object in a protobuf body as JSON would have it.

    Raises MalformedMessage when it is no such body, or of a kind that is not known here.
    """
    if not body.startswith(_MAGIC):
        raise MalformedMessage("the body does not begin as Kubernetes' protobuf does")
    api_version = kind = ""
    raw = b""
    for number, value in read_fields(body[len(_MAGIC) :]):
        if number == 1 and isinstance(value, bytes):
            names = {inner: text for inner, text in read_fields(value) if isinstance(text, bytes)}
            api_version, kind = names.get(1, b"").decode(), names.get(2, b"").decode()
        elif number == 2 and isinstance(value, bytes):
            raw = value
    group, _, version = api_version.rpartition("/")
    known = find_kind(group, version, kind)
    if known is None:
        raise MalformedMessage(f"no protobuf form of {api_version}, Kind={kind} is known")
    return {"apiVersion": api_version, "kind": kind, **_message(known, raw)}


def _message(kind: Type, data: bytes) -> dict[str, Any]:
    fields = {each.number: each for each in kind.fields}
    found: dict[str, Any] = {}
    for number, raw in read_fields(data):
        field = fields.get(number)
        if field is None:
            continue  # of a newer client: a server drops what it does not know
        if field.name == ".":
            found.update(_message(type_of(field.type), _bytes(raw)))
        elif field.form.startswith("{}"):
            key, value = _entry(field, _bytes(raw))
            found.setdefault(field.name, {})[key] = value
        elif field.form:
            found.setdefault(field.name, []).append(_value(field.type, raw))
        else:
            value = _value(field.type, raw)
            if value is not None and (field.pointer or not _is_left_out(field, value)):
                found[field.name] = value
    return found


def _is_left_out(field: Field, value: Any) -> bool:
    """Empty values of `omitempty` fields are on this wire but not in JSON."""
    return field.omit_empty and value in ("", 0, False) and not isinstance(value, dict)


def _entry(field: Field, data: bytes) -> tuple[str, Any]:
    parts = dict(read_fields(data))
    raw = parts.get(2, b"")
    if field.form == "{}[]":  # a map of lists carries each list in a message of its own
        return _bytes(parts.get(1, b"")).decode(), [_value(field.type, each) for _, each in read_fields(_bytes(raw))]
    return _bytes(parts.get(1, b"")).decode(), _value(field.type, raw)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise MalformedMessage("a number stands where a message should")
    return value


def _value(type_name: str, raw: int | bytes) -> Any:
    if type_name not in SCALARS:
        return _message(type_of(type_name), _bytes(raw))
    if isinstance(raw, int):
        return bool(raw) if type_name == "bool" else signed(raw)
    if type_name == "string":
        return raw.decode()
    if type_name == "bytes":
        return base64.b64encode(raw).decode()
    if type_name == "double":
        return struct.unpack("<d", raw)[0]
    return _special(type_name, dict(read_fields(raw)))


def _special(type_name: str, parts: dict[int, int | bytes]) -> Any:
    """Return a type with a JSON form of its own; None for the zero time, which JSON has as null."""
    if type_name == "Quantity":
        return _bytes(parts.get(1, b"")).decode()
    if type_name in ("RawExtension", "Fields"):
        raw = _bytes(parts.get(1, b""))
        return json.loads(raw) if raw else None
    if type_name == "IntOrString":
        return _bytes(parts.get(3, b"")).decode() if parts.get(1) else _number(parts, 2)
    if type_name == "Duration":
        return f"{_number(parts, 1) / 1e9:g}s"
    seconds, nanos = _number(parts, 1), _number(parts, 2)
    if not parts or (seconds, nanos) == (0, 0):
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    if type_name == "Time":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{nanos // 1000:06d}Z"


def _number(parts: dict[int, int | bytes], number: int) -> int:
    value = parts.get(number, 0)
    return signed(value) if isinstance(value, int) else 0


__all__ = ["MEDIA_TYPE", "MalformedMessage", "decode"]
