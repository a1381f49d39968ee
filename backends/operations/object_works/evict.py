"""Evicting one pod: deleting it as far as its disruption budgets allow.

Source: Kubernetes, "API-initiated eviction".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.change import Change, Permission, Target
from backends.model.fields import text
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.deletions import deletion_findings
from backends.model.proposal import Finding, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.object_works.delete import DeleteWork, impact_of
from backends.operations.ports import ClusterWriter


class EvictWork(DeleteWork):
    """Evicts one pod; parameters as those of a deletion."""

    ACTION = "evict"

    @classmethod
    async def plan_eviction(cls, cluster: ClusterWriter, name: str, namespace: str, clock: Clock) -> Self:
        """Read the pod and return the work; Invalid for one that is finished."""
        obj, stamp = await cluster.get("pods", name, namespace), cluster.stamp
        if text(obj, "status", "phase") in ("Succeeded", "Failed"):
            what, why = f"cannot evict pod {name}", "it is finished: no budget counts it"
            raise Invalid(what, why=why, todo="delete it instead", stamp=stamp.name)
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
        body = (
            f'{{"apiVersion":"policy/v1","kind":"Eviction","metadata":{{"name":"{name}","namespace":"{namespace}"}}}}'
        )
        echoed = kubectl_line(stamp, "create", "--raw", path, "-f", "-")
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=Target("pod", name, namespace),
            summary=f"evict pod/{name} on {stamp.name}",
            command=f"echo '{body}' | {echoed}",
            impact=impact_of(obj),
            needs=(Permission("get", "pods", namespace), Permission("create", "pods", namespace, "eviction")),
            parameters={"uid": text(obj, "metadata", "uid"), "propagation": "Background", "grace_s": None},
        )
        return cls(change, cluster, clock)

    async def preview(self) -> Preview:
        """Have the server try it: it refuses now what a budget would refuse then."""
        with hear_warnings() as warnings:
            await self._delete(dry_run=True)
        return Preview("", ("by the budgets, it may go now", *warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say what makes it again."""
        return deletion_findings(await self._read(), self._change.target, self._change.stamp)

    async def _delete(self, dry_run: bool = False) -> None:
        target = self._change.target
        await self._cluster.evict(target.name, target.namespace or "default", uid=self._uid, dry_run=dry_run)
