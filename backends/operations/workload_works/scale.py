"""Scaling a workload: another number of replicas, by its scale subresource.

Source: Kubernetes API reference, "Scale" (autoscaling/v1); what `kubectl scale` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from backends.clock import Clock
from backends.errors import Conflict, Invalid
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference
from backends.model.fields import amount, text
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.replicas import autoscaled, replicas_left
from backends.model.proposal import Finding, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.work import Progress, Verified

_TRIES = 5
"""A workload is written by its controllers all the time: a conflict that is not about replicas is tried again."""


class ScaleWork:
    """Sets the replicas of one workload; parameters: `replicas`, `from` (as planned) and the object's `uid`."""

    ACTION = "scale"

    def __init__(self, change: Change, cluster: ClusterWriter) -> None:
        self._change = change
        self._cluster = cluster
        self._wanted = int(change.parameters["replicas"])
        self._planned_from = int(change.parameters["from"])

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster)

    @classmethod
    async def plan(cls, cluster: ClusterWriter, kind: str, name: str, namespace: str, replicas: int) -> Self:
        """Read the workload and return the work; SourceError when it cannot be read, Invalid when it cannot scale."""
        obj = await cluster.get(kind, name, namespace)
        have = _replicas(obj, cluster.stamp.name)
        target = Target(kind_word(obj, kind), name, namespace)
        stamp = cluster.stamp
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"scale {target.kind}/{name} from {have} to {replicas} on {stamp.name}",
            command=kubectl_line(
                stamp, "scale", f"{target.kind}/{name}", f"--replicas={replicas}", namespace=namespace
            ),
            impact=Impact.DISRUPTIVE if replicas < have else Impact.NONE,
            needs=(
                Permission("get", target.kind, namespace),
                Permission("update", target.kind, namespace, subresource="scale"),
            ),
            parameters={"replicas": replicas, "from": have, "uid": text(obj, "metadata", "uid")},
        )
        return cls(change, cluster)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try it without keeping it; Conflict when the workload is no longer as planned."""
        obj = await self._read()
        self._demand_as_planned(obj)
        with hear_warnings() as warnings:
            scaled = await self._put(obj, dry_run=True)
        spec = scaled.get("spec") or {}  # the server leaves a zero out
        before = {**scaled, "spec": {**spec, "replicas": self._planned_from}}
        after = {**scaled, "spec": {**spec, "replicas": amount(spec, "replicas")}}
        return Preview(difference(before, after), tuple(warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say what else sets the replicas, and whether enough of them are left."""
        target, stamp = self._change.target, self._change.stamp
        scalers = await self._cluster.list_objects("horizontalpodautoscalers", namespace=target.namespace)
        found = [autoscaled(scalers, target, stamp)]
        if self._wanted < self._planned_from:
            found.append(replicas_left(target, self._wanted, stamp))
        return [each for each in found if each is not None]

    async def act(self, progress: Progress) -> str:
        """Write the number, once, to the workload as it was planned for."""
        for left in reversed(range(_TRIES)):
            obj = await self._read()
            if self._is_done(obj):
                return f"{self._change.target} has {self._wanted} replicas already"
            self._demand_as_planned(obj)
            try:
                await self._put(obj)
                return f"{self._change.target} scaled from {self._planned_from} to {self._wanted}"
            except Conflict:
                if not left:
                    raise
                progress.say("it was written by another just then; looking again")
        raise AssertionError("unreachable")

    async def verify(self) -> Verified:
        """Read the number back; how many are ready is told, and takes its time."""
        obj = await self._read()
        if not self._is_same(obj):
            return Verified(False, "it was deleted and made again since")
        have, ready = _replicas(obj, self._change.stamp), amount(obj, "status", "readyReplicas")
        return Verified(have == self._wanted, f"spec.replicas is {have}, {ready} ready so far")

    async def _read(self) -> KubernetesObject:
        target = self._change.target
        return await self._cluster.get(target.kind, target.name, target.namespace)

    async def _put(self, obj: KubernetesObject, dry_run: bool = False) -> KubernetesObject:
        target = self._change.target
        metadata = {"name": target.name}
        if not dry_run:
            # A trial needs none, and would only meet the controllers' own writes.
            metadata["resourceVersion"] = text(obj, "metadata", "resourceVersion")
        if target.namespace:
            metadata["namespace"] = target.namespace
        scale: dict[str, Any] = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": metadata,
            "spec": {"replicas": self._wanted},
        }
        return await self._cluster.replace(
            target.kind, target.name, scale, namespace=target.namespace, subresource="scale", dry_run=dry_run
        )

    def _is_same(self, obj: KubernetesObject) -> bool:
        return text(obj, "metadata", "uid") == str(self._change.parameters.get("uid", ""))

    def _is_done(self, obj: KubernetesObject) -> bool:
        return self._is_same(obj) and _replicas(obj, self._change.stamp) == self._wanted

    def _demand_as_planned(self, obj: KubernetesObject) -> None:
        have = _replicas(obj, self._change.stamp)
        if self._is_same(obj) and have == self._planned_from:
            return
        why = f"it has {have} replicas now" if self._is_same(obj) else "it was deleted and made again"
        raise Conflict(
            f"cannot {self._change.summary}",
            why=f"{why}, since it was planned",
            todo="look at it, and plan it again",
            stamp=self._change.stamp,
        )


def kind_word(obj: KubernetesObject, asked: str) -> str:
    """Return the singular kubectl knows an object's kind by: `deployment`, `gadget.example.com` of another group."""
    kind, group = text(obj, "kind").lower(), text(obj, "apiVersion").rpartition("/")[0]
    if not kind:
        return asked.lower()
    return kind if group in ("", "apps") else f"{kind}.{group}"


def _replicas(obj: KubernetesObject, stamp: str) -> int:
    replicas = (obj.get("spec") or {}).get("replicas")
    if isinstance(replicas, int) and not isinstance(replicas, bool):
        return replicas
    what = f"cannot scale {text(obj, 'kind') or 'it'} {text(obj, 'metadata', 'name')}"
    raise Invalid(what, why="it has no replicas", todo="scale a deployment, stateful set or replica set", stamp=stamp)
