"""An api model without its secrets: by where they stand in it, by their names, and wherever else their values are.

Source: the vlabs api model of aks-engine-azurestack (pkg/api/vlabs/types.go) and what `deploy` writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from backends.model.redact import MASK, SHORTEST_SECRET, Redactor

_SECRET = re.compile(
    r"secret|password|passwd|privatekeys?|encryptionkey|accountkey|sharedkey|accesskey|apikey|workspacekey|credential|"
    r".*(secret|password|privatekeys?|encryptionkey|accountkey|accesskey|workspacekey|token|sas)",
    re.IGNORECASE,
)
"""Names whose values are secret, matched whole."""
_ANYTHING = ("data", "script", "customdata", "extensionparameters", "extensionparameterskeyvaultref")
"""Names whose values may hold anything: base64 of manifests, parameters of extensions."""
_HARMLESS = re.compile(r"--.*|true|false|\s*|<[a-z-]+>", re.IGNORECASE)


_LONGEST_SOUGHT = 512
"""Longer ones are keys and certificates, which the redactor knows by their shape."""


def without_secrets(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy whose secrets are masked; the rest is as it was."""
    known = {each for each in _secrets(document) if SHORTEST_SECRET <= len(each) <= _LONGEST_SOUGHT}
    redactor = Redactor(known)
    return {name: _of_name(name, value, redactor) for name, value in document.items()}


def text_without_secrets(document: Mapping[str, Any]) -> str:
    """Return the indented JSON of a copy without secrets."""
    return json.dumps(without_secrets(document), indent=2, ensure_ascii=False)


def _of_name(name: str, value: Any, redactor: Redactor) -> Any:
    if _is_secret(name):
        return _masked(value)
    if isinstance(value, Mapping):
        return {key: _of_name(key, each, redactor) for key, each in value.items()}
    if isinstance(value, list):
        return [_of_name("", each, redactor) for each in value]
    return redactor.text(value) if isinstance(value, str) else value


def _masked(value: Any) -> Any:
    """Mask a value and keep its shape, so that a reader sees how many there are."""
    if isinstance(value, Mapping):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return MASK if (isinstance(value, str) and value) or (isinstance(value, int | float) and value) else value


def _is_secret(name: str) -> bool:
    # Flags of components name files of keys (`--tls-private-key-file`), not keys.
    return not name.startswith("--") and (_SECRET.fullmatch(name) is not None or name.lower() in _ANYTHING)


def _secrets(value: Any, hidden: bool = False) -> set[str]:
    """Return the texts that are masked, to find them elsewhere too."""
    if isinstance(value, Mapping):
        found = (_secrets(each, hidden or _is_secret(name)) for name, each in value.items())
        return set().union(*found)
    if isinstance(value, list):
        return set().union(*(_secrets(each, hidden) for each in value))
    return {value} if hidden and isinstance(value, str) and _HARMLESS.fullmatch(value) is None else set()
