"""Whose log is meant: a pod, the pods of a workload, or those with some labels."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backends.errors import NotFound, UsageError
from backends.model.scope import PodScope, scope_of
from backends.model.selector import SelectorError, parse_selector
from backends.operations.ports import ClusterReader

_POD_KINDS = frozenset({"pod", "pods", "po"})
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)/([A-Za-z0-9][A-Za-z0-9.:-]*)")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class LogTarget:
    """A pod by `name`, a workload by `kind` and `name`, or a `selector`."""

    kind: str = ""
    name: str = ""
    selector: str = ""

    def __str__(self) -> str:
        return self.selector or f"{self.kind}/{self.name}"


def parse_target(text: str) -> LogTarget:
    """Read `pod/NAME`, `KIND/NAME`, a bare pod name or a label selector. Raises UsageError."""
    text = text.strip()
    named = _NAMED.fullmatch(text)
    if named is not None:
        kind = named[1].lower()
        return LogTarget("pods" if kind in _POD_KINDS else kind, named[2])
    if _NAME.fullmatch(text):
        return LogTarget("pods", text)
    try:
        selector = parse_selector(text)
    except SelectorError:
        selector = None
    if selector is None or not selector.requirements:
        raise UsageError(f"cannot read logs of {text!r}", todo="name pod/NAME, KIND/NAME, or labels such as app=web")
    return LogTarget(selector=selector.text)


async def find_pods(cluster: ClusterReader, target: LogTarget, namespace: str | None) -> PodScope:
    """Return how to ask one stamp for the target's pods. Raises SourceError, NotFound when it has none there."""
    if target.selector:
        return PodScope(namespace, target.selector)
    if target.kind == "pods":
        return PodScope(namespace, field_selector=f"metadata.name={target.name}")
    obj = await cluster.get(target.kind, target.name, namespace)
    scope = scope_of(obj)
    if scope is None:
        why = f"a {obj.get('kind', target.kind)} has no pods of its own"
        raise NotFound(f"reading logs of {target}", why=why, todo="name a workload or a pod", stamp=cluster.stamp.name)
    return scope
