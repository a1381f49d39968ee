"""An object as YAML, in the order people write it."""

from __future__ import annotations

from typing import Any

import yaml

from backends.model.diagnosis import Object
from backends.model.secrecy import without_secrets

_FIRST = ("apiVersion", "kind", "metadata", "spec", "data", "stringData", "type", "status")


class _Dumper(yaml.SafeDumper):
    """Several lines as a block, long lines unfolded, no anchors: what `kubectl apply` would take back."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(obj: Object, *, reveal_secrets: bool = False) -> str:
    """Return an object as YAML without its managed fields; secrets are masked unless revealed."""
    shown = dict(obj) if reveal_secrets else dict(without_secrets(obj))
    metadata = dict(shown.get("metadata") or {})
    metadata.pop("managedFields", None)
    shown["metadata"] = metadata
    ordered = {key: shown[key] for key in _FIRST if key in shown}
    ordered |= {key: value for key, value in shown.items() if key not in ordered}
    return yaml.dump(
        ordered, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=2**31
    )
