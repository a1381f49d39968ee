"""What of an object must not be shown unasked: Secret values, and values that look like secrets."""

from __future__ import annotations

import base64
import re
from typing import Any

from backends.model.diagnosis import Object
from backends.model.redact import MASK, Redactor

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

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


def without_secrets(obj: Object) -> Object:
    """Return an object whose Secret values are masked, their size told; other kinds are passed on unchanged."""
    if obj.get("kind") != "Secret":
        return obj
    masked = dict(obj)
    for field in ("data", "stringData"):
        values = obj.get(field)
        if isinstance(values, dict):
            masked[field] = {key: f"{MASK} ({_size(field, value)} bytes)" for key, value in values.items()}
    metadata = dict(masked.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    if LAST_APPLIED in annotations:
        annotations[LAST_APPLIED] = MASK
        metadata["annotations"] = annotations
        masked["metadata"] = metadata
    return masked


def _size(field: str, value: Any) -> int:
    text = value if isinstance(value, str) else ""
    if field == "stringData":
        return len(text.encode())
    try:
        return len(base64.b64decode(text))
    except ValueError:
        return len(text)
