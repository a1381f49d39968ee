"""The configuration as it takes effect: every key there is, defaults marked, paths whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from console.configuration.models import FleetFile
from console.configuration.paths import whole_path
from console.durations import show_duration

_PATHS = ("kubeconfig", "ca_file", "key_files", "certificate_file")
_DURATIONS = ("request_timeout", "interval", "timeout", "armed_for")


def effective(fleet: FleetFile, folder: Path) -> dict[str, Any]:
    """Return every key with its value: durations as text, paths whole."""
    return _plain(fleet, folder)


def effective_yaml(fleet: FleetFile, folder: Path) -> list[str]:
    """Return the lines of a YAML file that says the same as the configuration, with `# default` where it is silent."""
    return list(_lines(fleet, folder, ""))


def _plain(section: BaseModel, folder: Path) -> dict[str, Any]:
    return {name: _value(name, getattr(section, name), folder) for name in type(section).model_fields}


def _value(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, BaseModel):
        return _plain(value, folder)
    if isinstance(value, tuple | list):
        return [_value(name, each, folder) for each in value]
    if value is not None and name in _PATHS:
        return str(whole_path(value, folder))
    if name in _DURATIONS:
        return show_duration(value)
    # An enum's member is a str too: safe_dump refuses it, so it is made a plain one.
    return str(value) if isinstance(value, str) else value


def _lines(section: BaseModel, folder: Path, indent: str) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        mark = "" if name in section.model_fields_set else "  # default"
        if isinstance(value, BaseModel):
            yield f"{indent}{name}:{mark}"
            yield from _lines(value, folder, f"{indent}  ")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            yield f"{indent}{name}:{mark}"
            for each in value:
                first, *rest = _lines(each, folder, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from rest
        else:
            yield f"{indent}{name}: {_scalar(_value(name, value, folder))}{mark}"


def _scalar(value: Any) -> str:
    """Return one value in YAML's flow style on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=False)
    return text.removesuffix("\n").removesuffix("\n...").strip()
