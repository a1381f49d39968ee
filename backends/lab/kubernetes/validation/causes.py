"""Causes of a 422, each with a value in Go's words, and the checks that many kinds share."""

from __future__ import annotations

import re
from typing import Any

from backends.lab.kubernetes.statuses import Cause

_PERCENT = re.compile(r"[0-9]+%")
_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def required(field: str, text: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", text)


def wrong(field: str, value: Any, text: str) -> Cause:
    return Cause(field, "FieldValueInvalid", f"{go_value(value)}: {text}")


def unsupported(field: str, value: Any, allowed: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{each}"' for each in allowed)
    return Cause(field, "FieldValueNotSupported", f'"{value}": supported values: {listed}')


def go_value(value: Any) -> str:
    """Return a value as Go's %#v writes it in these messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "map[string]string{" + ", ".join(f'"{key}":"{value[key]}"' for key in sorted(value)) + "}"
    return "[]string{" + ", ".join(go_value(each) for each in value) + "}"


def not_negative(field: str, value: Any) -> list[Cause]:
    """Return the cause for a number below zero."""
    if isinstance(value, int) and value < 0:
        return [wrong(field, value, "must be greater than or equal to 0")]
    return []


def share_causes(field: str, value: Any, *, at_most_all: bool = False) -> list[Cause]:
    """Return what is wrong with a number or percentage of pods; `at_most_all` refuses more than 100%."""
    if isinstance(value, int):
        return not_negative(field, value)
    if value is None:
        return []
    if not _PERCENT.fullmatch(str(value)):
        return [Cause(field, "FieldValueInvalid", f"{go_int_or_string(value)}: {_PERCENT_TEXT}")]
    if at_most_all and int(value[:-1]) > 100:
        return [Cause(field, "FieldValueInvalid", f"{go_int_or_string(value)}: must not be greater than 100%")]
    return []


def is_zero_share(value: Any) -> bool:
    """Tell whether a number or percentage of pods is none at all."""
    return value in (0, "0%")


def go_int_or_string(value: Any) -> str:
    """Return an IntOrString as Go's %#v writes it."""
    number, text = (value, "") if isinstance(value, int) else (0, value)
    return f'intstr.IntOrString{{Type:{int(isinstance(value, str))}, IntVal:{number}, StrVal:"{text}"}}'
