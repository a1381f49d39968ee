"""Cordon and uncordon: whether new pods are placed on a node.

Source: Kubernetes API reference, NodeSpec `unschedulable`; what `kubectl cordon` sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from backends.clock import Clock
from backends.errors import Conflict
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference
from backends.model.fields import condition, mapping, text
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.nodes import control_plane_node, is_ready, last_ready_node
from backends.model.proposal import Finding, Level, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.work import Progress, Verified

NODE_READY = "node-ready"


class _Schedulability:
    """Sets one node's `spec.unschedulable`; parameters: the node's `uid`."""

    ACTION: ClassVar[str]
    IMPACT: ClassVar[Impact]
    CORDONED: ClassVar[bool]

    def __init__(self, change: Change, cluster: ClusterWriter) -> None:
        self._change = change
        self._cluster = cluster

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster)

    @classmethod
    async def plan(cls, cluster: ClusterWriter, name: str) -> Self:
        """Read the node and return the work; SourceError when it cannot be read."""
        node = await cluster.get("nodes", name)
        change = Change(
            action=cls.ACTION,
            stamp=cluster.stamp.name,
            target=Target("node", name),
            summary=f"{cls.ACTION} node {name} on {cluster.stamp.name}",
            command=kubectl_line(cluster.stamp, cls.ACTION, name),
            impact=cls.IMPACT,
            needs=(Permission("get", "nodes"), Permission("patch", "nodes")),
            parameters={"uid": text(node, "metadata", "uid")},
        )
        return cls(change, cluster)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try it without keeping it; Conflict when it is another node by now."""
        node = await self._read()
        with hear_warnings() as warnings:
            after = await set_cordon(self._cluster, node, self.CORDONED, dry_run=True)
        same = () if is_cordoned(node) is not self.CORDONED else (f"it is {_word(self.CORDONED)} already",)
        return Preview(difference(node, after), (*same, *warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say what taking or giving this node means for its stamp."""
        raise NotImplementedError

    async def act(self, progress: Progress) -> str:
        """Write it, once."""
        node = await self._read()
        name = self._change.target.name
        if is_cordoned(node) is self.CORDONED:
            return f"node {name} was {_word(self.CORDONED)} already"
        await set_cordon(self._cluster, node, self.CORDONED)
        return f"node {name} is {_word(self.CORDONED)}"

    async def verify(self) -> Verified:
        """Read the node back."""
        node = await self._cluster.get("nodes", self._change.target.name)
        if text(node, "metadata", "uid") != self._change.parameters.get("uid"):
            return Verified(False, "the node was deleted and joined again since")
        now = is_cordoned(node)
        return Verified(now is self.CORDONED, f"the node is {_word(now)}")

    async def _read(self) -> KubernetesObject:
        node = await self._cluster.get("nodes", self._change.target.name)
        demand_same_node(node, self._change)
        return node


class CordonWork(_Schedulability):
    """Keeps new pods away from a node; what runs there stays."""

    ACTION = "cordon"
    IMPACT = Impact.CAREFUL
    CORDONED = True

    async def findings(self) -> Sequence[Finding]:
        """Say whether it is of the control plane, or the last node that takes pods."""
        stamp, name = self._change.stamp, self._change.target.name
        node, nodes = await self._read(), await self._cluster.list_objects("nodes", limit=5_000)
        return (control_plane_node(node, nodes, self.IMPACT, stamp), last_ready_node(name, nodes, stamp))


class UncordonWork(_Schedulability):
    """Lets new pods come to a node again."""

    ACTION = "uncordon"
    IMPACT = Impact.NONE
    CORDONED = False

    async def findings(self) -> Sequence[Finding]:
        """Warn of a node that could not run what comes."""
        return (ready_node(await self._read(), self._change.stamp, "pods placed here would not run"),)


def ready_node(node: KubernetesObject, stamp: str, otherwise: str) -> Finding:
    """Warn when a node's kubelet is not ready or not heard of."""
    name = text(node, "metadata", "name")
    if is_ready(node):
        return Finding(NODE_READY, Level.PASS, f"{name} is ready", stamp)
    ready = condition(node, "Ready")
    said = text(ready, "message") or text(ready, "reason") or "it has not reported yet"
    return Finding(NODE_READY, Level.WARN, f"{name} is not ready ({said}): {otherwise}", stamp)


def is_cordoned(node: KubernetesObject) -> bool:
    """Whether new pods stay away from a node."""
    return bool(mapping(node, "spec").get("unschedulable"))


async def set_cordon(
    cluster: ClusterWriter, node: KubernetesObject, cordoned: bool, *, dry_run: bool = False
) -> KubernetesObject:
    """Send what `kubectl cordon` and `uncordon` send; return the node as it is then."""
    body = {"spec": {"unschedulable": True if cordoned else None}}
    return await cluster.patch("nodes", text(node, "metadata", "name"), body, dry_run=dry_run)


def demand_same_node(node: KubernetesObject, change: Change) -> None:
    """Raise Conflict when a node is not the one that a change was planned for."""
    if text(node, "metadata", "uid") == str(change.parameters.get("uid", "")):
        return
    raise Conflict(
        f"cannot {change.summary}",
        why="the node was deleted and joined again since it was planned",
        todo="look at it, and plan it again",
        stamp=change.stamp,
    )


def _word(cordoned: bool) -> str:
    return "cordoned" if cordoned else "schedulable"
