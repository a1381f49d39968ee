"""What differs between two versions of an object, as a unified diff of the YAML people write."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from backends.model.diagnosis import Object
from backends.model.manifest import to_yaml
from backends.model.secrecy import without_secrets

_SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "selfLink", "creationTimestamp", "uid")
"""Of the metadata: set by the server at every write, never what somebody asked for."""
_CHANGED = " (changed)"
"""Put behind a masked value that is another one than before."""


def difference(before: Object | None, after: Object | None, *, context_lines: int = 3) -> str:
    """Return the unified diff from `before` to `after` (None: does not exist), empty when nothing differs.

    Status and what the server writes by itself are left out; secrets are masked, and one that changed says so.
    """
    old, new = _shown(before), _shown(after)
    if before is not None and after is not None:
        new = _marked(intended(before), intended(after), old, new)
    lines = difflib.unified_diff(_lines(old), _lines(new), "as it is", "as it would be", n=context_lines, lineterm="")
    return "\n".join(lines)


def intended(obj: Object) -> Object:
    """Return an object without its status and without what the server writes by itself."""
    kept = {key: value for key, value in obj.items() if key != "status"}
    metadata = obj.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVERS_OWN}
    return kept


def _shown(obj: Object | None) -> Object | None:
    return None if obj is None else without_secrets(intended(obj))


def _lines(obj: Object | None) -> list[str]:
    return [] if obj is None else to_yaml(obj, reveal_secrets=True).splitlines()


def _marked(old: Any, new: Any, old_shown: Any, new_shown: Any) -> Any:
    """Return `new_shown` with a mark on every value that masking made look unchanged."""
    if isinstance(new_shown, Mapping) and isinstance(new, Mapping):
        return {
            key: _marked(_part(old, key), new.get(key), _part(old_shown, key), shown)
            for key, shown in new_shown.items()
        }
    if isinstance(new_shown, list) and isinstance(new, list) and isinstance(old, list) and len(old) == len(new):
        return [_marked(*each) for each in zip(old, new, old_shown, new_shown, strict=True)]
    if isinstance(new_shown, str) and new_shown == old_shown and new != old:
        return new_shown + _CHANGED
    return new_shown


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None
