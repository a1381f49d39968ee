"""How one object differs over several stamps: every path that is not the same everywhere, with its values.

What a server writes by itself is not compared: status, names of versions and times, addresses it chose. Lists of
named things (containers, variables, ports) are compared by name, so that an order or an insertion is no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backends.model.diagnosis import Object
from backends.model.difference import intended
from backends.model.intended import Intended, matches
from backends.model.secrecy import without_secrets

ABSENT = ""
"""The value of a path that a stamp has not."""
_CHANGED = " (differs)"
_OWN = (
    "metadata.annotations.deployment.kubernetes.io/revision",
    "metadata.annotations.deprecated.daemonset.template.generation",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
    "spec.template.metadata.annotations.kubectl.kubernetes.io/restartedAt",
    "spec.clusterIP",
    "spec.clusterIPs",
    "spec.ports[*].nodePort",
    "spec.healthCheckNodePort",
    "spec.volumeName",
    "metadata.ownerReferences",
    "metadata.finalizers",
    "metadata.deletionTimestamp",
    "metadata.namespace",
)
"""Paths that each server fills in itself."""
_NAMES = ("name", "containerPort", "port", "key", "ip", "type", "mountPath", "host", "path")
"""What an item of a list is known by: the first of these that all items have, each its own."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which stamps differ: the value of each stamp as text, ABSENT where it has none."""

    path: str
    values: Mapping[str, str]
    reason: str = ""
    """Why it is meant to be; empty when nobody said so."""

    @property
    def is_intended(self) -> bool:
        """Whether someone declared it."""
        return bool(self.reason)


def differences(what: str, objects: Mapping[str, Object], declared: Sequence[Intended] = ()) -> list[Difference]:
    """Return every path at which the stamps' objects differ, those that nobody declared first.

    `what` is `kind/name`, as declarations name it. Secret values are masked, and still compared.
    """
    real = {stamp: dict(_leaves(intended(obj))) for stamp, obj in objects.items()}
    shown = {stamp: dict(_leaves(without_secrets(intended(obj)))) for stamp, obj in objects.items()}
    found = []
    for path in dict.fromkeys(path for leaves in real.values() for path in leaves):
        if _is_own(path) or len({leaves.get(path, ABSENT) for leaves in real.values()}) < 2:
            continue
        reason = next((_said(each) for each in declared if each.covers(what, path)), "")
        found.append(Difference(path, _values(path, real, shown), reason))
    return sorted(found, key=lambda each: (each.is_intended, each.path))


def _said(declared: Intended) -> str:
    return declared.reason or "declared in fleet.yaml"


def _values(path: str, real: Mapping[str, Mapping[str, str]], shown: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The values to be shown: a secret's own are masked, which must not make them look alike."""
    values = {stamp: leaves.get(path, ABSENT) for stamp, leaves in shown.items()}
    present = [value for value in values.values() if value]
    if len(set(present)) == 1 and len(present) == len(values):
        return {stamp: value + _CHANGED for stamp, value in values.items()}
    return values


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) of every leaf; an empty mapping or list is one."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        name = _name_of(value)
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{inner[name] if name else at}]")
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _name_of(items: Sequence[Any]) -> str:
    if not all(isinstance(each, Mapping) for each in items):
        return ""
    for name in _NAMES:
        values = [str(each.get(name, "")) for each in items]
        if all(values) and len(set(values)) == len(values):
            return name
    return ""


def _is_own(path: str) -> bool:
    return any(path == own or path.startswith((f"{own}.", f"{own}[")) or matches(path, own) for own in _OWN)
