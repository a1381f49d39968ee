"""Why something is unhealthy: what is found, and the facts it is found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from backends.model.fleet import Severity

Object: TypeAlias = dict[str, Any]
"""A whole Kubernetes object as the API sends it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what, how we know, and what to do about it."""

    severity: Severity
    text: str
    evidence: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """An object with what was read around it; empty where nothing is, or where it could not be read."""

    obj: Object
    now: float
    events: Sequence[Object] = ()
    """Events about the object."""
    pods: Sequence[Object] = ()
    """The pods behind it."""
    endpoints: Object | None = None
    """The Endpoints of a Service."""
