"""Where a forwarded port leads: the pods of its target as they come and go, and the one that new connections go to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from backends.clock import Clock
from backends.errors import NotFound, UsageError
from backends.model.pods import pod_class
from backends.model.scope import PodScope, scope_of
from backends.model.table import Row
from backends.model.typed import column_key
from backends.operations.attachment import Attachment
from backends.operations.deadline import beside
from backends.operations.ports import ClusterReader, KubernetesObject

_LOOK_EVERY_S = 0.25


def parse_target(text: str) -> tuple[str, str]:
    """Return kind and name of `KIND/NAME`, or of a bare pod name. Raises UsageError."""
    kind, slash, name = text.strip().rpartition("/")
    if not name or (slash and not kind) or "/" in kind:
        raise UsageError(f"cannot forward to {text!r}", todo="name pod/NAME, deployment/NAME or service/NAME")
    return kind or "pod", name


def scope_of_target(target: str, obj: KubernetesObject, stamp: str) -> PodScope:
    """Return how to ask for the pods behind a target; NotFound when its kind has none."""
    scope = scope_of(obj)
    if scope is None:
        why = f"a {obj.get('kind', 'thing of this kind')} without a selector has no pods of its own"
        raise NotFound(f"cannot forward to {target}", why=why, todo="name a workload or a pod", stamp=stamp)
    return scope


def port_on_pods(target: str, obj: KubernetesObject, asked: str, stamp: str) -> int | str:
    """Return the port of the pods, by number or name, that is meant by a port of the target (a service maps them)."""
    if obj.get("kind") != "Service":
        return int(asked) if asked.isdecimal() else asked
    ports = (obj.get("spec") or {}).get("ports") or ()
    for each in ports:
        if asked in (str(each.get("port")), each.get("name")):
            found = each.get("targetPort") or each["port"]
            return found if isinstance(found, int) else str(found)
    offered = ", ".join(f"{each['port']} ({each.get('name') or 'without a name'})" for each in ports) or "none"
    raise NotFound(f"cannot forward to {target}", why=f"it has no port {asked}, but {offered}", stamp=stamp)


def number_of_port(pod: Mapping[str, Any], name: str) -> int | None:
    """Return the number of a container's named port, None when no container of the pod has it."""
    for container in (pod.get("spec") or {}).get("containers") or ():
        for port in container.get("ports") or ():
            if port.get("name") == name:
                return int(port["containerPort"])
    return None


class PodChoice:
    """Follows the pods of a scope while `run` runs; `pod` is the one to go to, kept for as long as it is ready."""

    def __init__(
        self, cluster: ClusterReader, clock: Clock, scope: PodScope, tell: Callable[[frozenset[str]], None]
    ) -> None:
        """`tell` is called when `pod` changed or pods are gone, with the uids of these."""
        self._clock = clock
        self._pods = Attachment(
            cluster,
            clock,
            "pods",
            namespace=scope.namespace,
            selector=scope.selector,
            field_selector=scope.field_selector,
        )
        self._tell = tell
        self._known: dict[str, Row] = {}
        self._ready = self._status = -1
        self._changed = asyncio.Event()
        self.pod: Row | None = None

    @property
    def why_not(self) -> str:
        """Why there is no pod to go to."""
        if self._pods.state.as_of is None:
            return self._pods.state.reason or "its pods are not known yet"
        if not self._known:
            return "it has no pods now"
        return f"none of its {len(self._known)} pods is ready" if len(self._known) > 1 else "its pod is not ready"

    def knows(self, pod: Row) -> bool:
        """Whether a pod is still there."""
        return pod.uid in self._known

    async def chosen(self, unlike: str = "") -> Row:
        """Wait until there is a pod to go to, another than that of this uid."""
        while self.pod is None or self.pod.uid == unlike:
            await self._changed.wait()
        return self.pod

    async def run(self) -> None:
        """Follow until cancelled."""
        async with beside(self._pods.run()):
            while True:
                self._look()
                await self._clock.sleep(_LOOK_EVERY_S)

    def _look(self) -> None:
        reflection = self._pods.reflection
        if reflection is None or self._pods.state.as_of is None:
            return  # what is not known yet is no reason to leave a pod
        keys = [column_key(column.name) for column in reflection.store.columns]
        if "ready" not in keys or "status" not in keys:
            return
        self._ready, self._status = keys.index("ready"), keys.index("status")
        rows = dict(reflection.store.rows)
        gone = frozenset(self._known.keys() - rows.keys())
        self._known = rows
        before, self.pod = self.pod, self._choose()
        if gone or (before and before.uid) != (self.pod and self.pod.uid):
            self._tell(gone)
            self._changed.set()
            self._changed = asyncio.Event()

    def _choose(self) -> Row | None:
        ready = [row for row in self._known.values() if self._is_ready(row)]
        kept = (row for row in ready if self.pod is not None and row.uid == self.pod.uid)
        return next(kept, None) or min(ready, key=lambda row: row.name, default=None)

    def _is_ready(self, row: Row) -> bool:
        ready, status = row.cells[self._ready], row.cells[self._status]
        return pod_class(str(ready), str(status), row.deleting) == "running"
