"""What of an object must not be shown unasked: Secret values, and values that look like secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from typing import Any

from backends.model.diagnosis import Object
from backends.model.redact import MASK, Redactor

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DATA = ("data", "stringData")

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?($|_)|pwd|secret|token|credential|private_?key|api_?key|account_?key|access_?key|"
    r"connection_?string|conn_?str|(^|_)auth($|_)|(^|_)sas($|_)|(^|_)key($|_)",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Whether a variable, key or argument is likely to hold a secret, by its name."""
    return _SECRET_NAME.search(name.replace("-", "_").replace(".", "_")) is not None


def shown_value(name: str, value: str) -> str:
    """Return a value as it may be shown: masked whole when its name says secret, in part when its text does."""
    if not value:
        return value
    return MASK if looks_secret(name) else Redactor().text(value)


def shown_arguments(arguments: Sequence[Any]) -> list[str]:
    """Return the words of a command line as they may be shown: `--password=…` and `--password …` are masked."""
    hidden, shown = "", []
    for each in map(str, arguments):
        name, equals, given = each.partition("=")
        shown.append(f"{name}={shown_value(name, given)}" if equals else shown_value(hidden, each))
        hidden = each.lstrip("-") if each.startswith("-") and not equals else ""
    return shown


def without_secrets(obj: Object) -> Object:
    """Return a copy of an object as it may be shown unasked.

    Values of a Secret are masked, their size told; elsewhere variables, arguments, annotations and values of a
    ConfigMap are masked where their name or text looks like a secret. What was applied last is masked alike.
    """
    if obj.get("kind") == "Secret":
        obj = {**obj, **{field: _masked_data(field, obj[field]) for field in _DATA if isinstance(obj.get(field), dict)}}
    elif obj.get("kind") == "ConfigMap" and isinstance(obj.get("data"), dict):
        obj = {**obj, "data": {key: shown_value(key, str(value)) for key, value in obj["data"].items()}}
    shown: dict[str, Any] = _without("", obj)
    annotations = (shown.get("metadata") or {}).get("annotations") or {}
    if obj.get("kind") == "Secret" and LAST_APPLIED in annotations:
        annotations[LAST_APPLIED] = MASK
    return shown


def _masked_data(field: str, values: Object) -> Object:
    return {key: f"{MASK} ({_size(field, value)} bytes)" for key, value in values.items()}


def _without(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        if key == "annotations":
            return {name: _annotation(name, each) for name, each in value.items()}
        return {name: _without(name, each) for name, each in value.items()}
    if isinstance(value, list):
        if key in ("args", "command"):
            return shown_arguments(value)
        return [_variable(each) if key == "env" else _without("", each) for each in value]
    return value


def _variable(variable: Any) -> Any:
    if isinstance(variable, dict) and isinstance(variable.get("value"), str):
        return {**variable, "value": shown_value(str(variable.get("name", "")), variable["value"])}
    return variable


def _annotation(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name != LAST_APPLIED:
        return Redactor().text(value)
    try:
        applied = json.loads(value)
    except ValueError:
        return MASK
    return json.dumps(without_secrets(applied), ensure_ascii=False) if isinstance(applied, dict) else MASK


def _size(field: str, value: Any) -> int:
    text = value if isinstance(value, str) else ""
    if field == "stringData":
        return len(text.encode())
    try:
        return len(base64.b64decode(text))
    except ValueError:
        return len(text)
