"""What belongs to an object, read beside each other; what cannot be read becomes a gap, not a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from backends.clock import Clock
from backends.errors import NotFound, SourceError
from backends.model.describe.parts import event_time
from backends.model.diagnosis import Facts, Object
from backends.model.fields import items, text
from backends.model.scope import scope_of
from backends.operations.deadline import within
from backends.operations.ports import ClusterReader
from backends.operations.sources import words_of

T = TypeVar("T")

_TIMEOUT_S = 10.0
_PODS_AT_MOST = 200
_CHILDREN = {"Deployment": ("replicasets.apps", "ReplicaSet"), "CronJob": ("jobs.batch", "Job")}
_WITH_PODS = frozenset(
    {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Service", "Node"}
    | {"PodDisruptionBudget", "HorizontalPodAutoscaler"}
)


class Surroundings:
    """Reads around one object of one cluster; `gaps` collects in words what could not be read."""

    def __init__(self, cluster: ClusterReader, clock: Clock, obj: Object) -> None:
        self._cluster = cluster
        self._clock = clock
        self._obj = obj
        self._kind = text(obj, "kind")
        self._namespace = text(obj, "metadata", "namespace") or None
        self.gaps: list[str] = []

    async def read(self) -> tuple[Facts, Sequence[Object]]:
        """Return the facts around the object, and its children other than pods."""
        events, pods, children, endpoints = await asyncio.gather(
            self._or_gap("its events", self._events(), []),
            self._or_gap("its pods", self._pods(), []),
            self._or_gap("its children", self._children(), []),
            self._or_gap("its endpoints", self._endpoints(), None),
        )
        return Facts(self._obj, self._clock.now(), events, pods, endpoints), children

    async def _or_gap(self, what: str, work: Coroutine[Any, Any, T], nothing: T) -> T:
        try:
            return await within(self._clock, work, _TIMEOUT_S)
        except (SourceError, TimeoutError) as error:
            self.gaps.append(f"{what} could not be read: {words_of(error)[0]}")
            return nothing

    async def _events(self) -> list[Object]:
        """Events about the object, and of its pods and ReplicaSets, which have the reasons; oldest first."""
        uid, name = text(self._obj, "metadata", "uid"), text(self._obj, "metadata", "name")
        if self._kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
            listed = await self._cluster.list_objects("events", namespace=self._namespace)
            found = [each for each in listed if self._is_about(each, uid, name)]
        else:
            # a kubelet's events about its node carry the node's name as uid, hence no selection by uid for nodes
            selected = f"involvedObject.uid={uid}" if uid and self._kind != "Node" else f"involvedObject.name={name}"
            found = list(await self._cluster.list_objects("events", namespace=self._namespace, field_selector=selected))
        return sorted(found, key=event_time)

    def _is_about(self, event: Object, uid: str, name: str) -> bool:
        if text(event, "involvedObject", "uid") == uid:
            return True
        kind, about = text(event, "involvedObject", "kind"), text(event, "involvedObject", "name")
        return kind in ("Pod", "ReplicaSet") and about.startswith(f"{name}-")

    async def _pods(self) -> list[Object]:
        scope = scope_of(self._obj) if self._kind in _WITH_PODS else None
        if scope is None:
            return []
        listed = await self._cluster.list_objects(
            "pods",
            namespace=scope.namespace,
            selector=scope.selector,
            field_selector=scope.field_selector,
            limit=_PODS_AT_MOST,
        )
        return [{**each, "kind": "Pod", "apiVersion": "v1"} for each in listed]

    async def _children(self) -> list[Object]:
        resource, kind = _CHILDREN.get(self._kind, ("", ""))
        if not resource:
            return []
        uid = text(self._obj, "metadata", "uid")
        listed = await self._cluster.list_objects(resource, namespace=self._namespace)
        return [
            {"apiVersion": "apps/v1" if kind == "ReplicaSet" else "batch/v1", **each, "kind": kind}
            for each in listed
            if any(text(owner, "uid") == uid for owner in items(each, "metadata", "ownerReferences"))
        ]

    async def _endpoints(self) -> Object | None:
        if self._kind != "Service":
            return None
        try:
            return await self._cluster.get("endpoints", text(self._obj, "metadata", "name"), self._namespace)
        except NotFound:
            return {}
