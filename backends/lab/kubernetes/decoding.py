"""What Go's decoder says of a body: wrong types are refused, unknown fields dropped, warned of, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from backends.lab.kubernetes.catalog import Resource, minor_of
from backends.lab.kubernetes.openapi.schema import Field
from backends.lab.kubernetes.patches.shapes import UNKNOWN_KIND, fields_of, shape_of
from backends.lab.kubernetes.statuses import ApiError, bad_request
from backends.lab.objects import Object

_FIELD_VALIDATION_SINCE = 25
_SINCE = {
    ("policy.v1:PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): 27,
    ("policy.v1beta1:PodDisruptionBudgetSpec", "unhealthyPodEvictionPolicy"): 27,
}
"""Fields that older servers do not know, where it matters to a caller, and the minor version that has them."""
_JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
_ACCEPTED: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bytes": (str,),
    "Time": (str,),
    "MicroTime": (str,),
    "Duration": (str,),
    "bool": (bool,),
    "int32": (int,),
    "int64": (int,),
    "double": (int, float),
    "Quantity": (str, int, float),
    "IntOrString": (int, str),
}


class _Findings:
    """Unknown fields met on the way by a server of v1.`minor`."""

    def __init__(self, minor: int) -> None:
        self.minor = minor
        self.unknown: list[str] = []


def decode_object(obj: Object, resource: Resource, validation: str, server_version: str) -> tuple[Object, list[str]]:
    """Return the object as its type holds it and the unknown fields (for Warning headers).

    400 when a value has the wrong type, or for an unknown field under fieldValidation=Strict.
    """
    shape = shape_of(resource.group, resource.version, resource.kind)
    if shape == UNKNOWN_KIND:
        return obj, []
    findings = _Findings(minor_of(server_version))
    title = shape.reference.partition(":")[2]
    try:
        known = _struct(obj, shape.reference, title, "", findings)
    except _WrongType as error:
        raise Undecodable(_unhandled(resource, str(error)), str(error), error.patch_words) from None
    known = {"apiVersion": resource.api_version, "kind": resource.kind, **known}
    if findings.minor < _FIELD_VALIDATION_SINCE:
        return known, []
    unknown = [f'unknown field "{path}"' for path in findings.unknown]
    if unknown and validation == "Strict":
        raise _unhandled(resource, f"strict decoding error: {', '.join(unknown)}")
    return known, [] if validation == "Ignore" else unknown


class _WrongType(ValueError):
    """A value that is not of its field's type; `patch_words` is how a strategic patch with it is refused."""

    def __init__(self, words: str, patch_words: str) -> None:
        super().__init__(words)
        self.patch_words = patch_words


class Undecodable(ApiError):
    """400: a body that is not of its kind; `why` and `patch_words` are the reason in the words of other requests."""

    def __init__(self, refusal: ApiError, why: str, patch_words: str) -> None:
        super().__init__(refusal.code, refusal.reason, str(refusal), refusal.details)
        self.why = why
        self.patch_words = patch_words


def _unhandled(resource: Resource, why: str) -> ApiError:
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def _struct(value: dict[str, Any], reference: str, title: str, path: str, findings: _Findings) -> dict[str, Any]:
    fields = fields_of(reference)
    if not fields:
        return value
    found: dict[str, Any] = {}
    for key, each in value.items():
        field = fields.get(key)
        where = f"{path}.{key}" if path else key
        if field is None or findings.minor < _SINCE.get((reference, key), 0):
            if path or key not in ("apiVersion", "kind"):
                findings.unknown.append(where)
        # Go reads an empty optional list or map as none at all.
        elif each is not None and not (each in ([], {}) and field.form and field.omit_empty):
            found[key] = _value(each, field, field.form, title, where, findings)
    return found


def _value(value: Any, field: Field, form: str, title: str, path: str, findings: _Findings) -> Any:
    if form.startswith("[]"):
        if not isinstance(value, list):
            raise _wrong(value, title, path, f"[]{_go_type(field)}")
        return [_value(item, field, form[2:], title, f"{path}[{index}]", findings) for index, item in enumerate(value)]
    if form.startswith("{}"):
        if not isinstance(value, dict):
            raise _wrong(value, title, path, f"map[string]{_go_type(field)}")
        return {key: _value(item, field, form[2:], title, f"{path}.{key}", findings) for key, item in value.items()}
    if ":" in field.type:
        if not isinstance(value, dict):
            raise _wrong(value, title, path, _go_type(field))
        return _struct(value, field.type, field.type.partition(":")[2], path, findings)
    accepted = _ACCEPTED.get(field.type)
    if (
        accepted
        and value is not None
        and (not isinstance(value, accepted) or (type(value) is bool) != (bool in accepted))
    ):
        raise _wrong(value, title, path, _go_type(field))
    check = _FORMATS.get(field.type)
    problem = check(value) if check is not None and isinstance(value, str) else ""
    if problem:
        raise _WrongType(problem, problem)
    return value


def _quantity_problem(text: str) -> str:
    return "" if _QUANTITY.fullmatch(text) else _QUANTITY_TEXT


def _time_problem(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return f'parsing time "\\"{text}\\"" as "\\"2006-01-02T15:04:05Z07:00\\"": cannot parse "{text}" as "2006"'
    return ""


_QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")
_QUANTITY_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_FORMATS: dict[str, Callable[[str], str]] = {
    "Quantity": _quantity_problem,
    "Time": _time_problem,
    "MicroTime": _time_problem,
}


def _go_type(field: Field) -> str:
    if ":" in field.type:
        package, _, name = field.type.partition(":")
        return f"{package.rpartition('.')[2]}.{name}"
    return field.type


def _wrong(value: Any, title: str, path: str, wanted: str) -> _WrongType:
    shown = _JSON_NAMES.get(type(value), "null")
    # An integer could be made a string of one letter in Go, which is refused in words of its own.
    numbered = wanted == "string" and type(value) is int
    words = "cannot convert int64 to string" if numbered else f"unrecognized type: {wanted}"
    return _WrongType(f"json: cannot unmarshal {shown} into Go struct field {title}.{path} of type {wanted}", words)
