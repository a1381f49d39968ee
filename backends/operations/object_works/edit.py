"""Writing an object as it was edited by hand, if nobody else wrote it meanwhile.

The journal gets a digest of what was written and not its text, which may be a secret's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Self

from backends.clock import Clock
from backends.errors import Invalid
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference, intended
from backends.model.fields import mapping, text
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.rollouts import rollout_findings
from backends.model.proposal import Finding, Preview
from backends.model.rollout import ROLLED_OUT
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.work import Progress, Verified
from backends.operations.workload_works.scale import kind_word


class EditWork:
    """Replaces one object; parameters: its `uid`, the `version` it was edited from, and the `digest` it is to have."""

    ACTION = "edit"

    def __init__(self, change: Change, cluster: ClusterWriter, edited: KubernetesObject | None = None) -> None:
        self._change = change
        self._cluster = cluster
        self._edited = edited
        self._digest = str(change.parameters["digest"])

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a recorded change: it can be verified, and not be done again."""
        return cls(change, cluster)

    @classmethod
    async def plan(cls, cluster: ClusterWriter, before: KubernetesObject, edited: KubernetesObject) -> Self:
        """Return the work; Invalid when the text is another object's, or has no difference.

        The server's own dry run decides what will be there, so that its defaults are in the digest.
        """
        stamp = cluster.stamp
        kind, name = text(before, "kind"), text(before, "metadata", "name")
        _demand_same(before, edited, stamp.name)
        target = Target(kind_word(before, kind), name, text(before, "metadata", "namespace") or None)
        body = _with_version(edited, before)
        after = await cluster.replace(target.kind, name, body, namespace=target.namespace, dry_run=True)
        if not difference(before, after):
            raise Invalid(f"nothing to change in {target}", why="what was edited is as it is", stamp=stamp.name)
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"edit {target.kind}/{name} on {stamp.name}",
            command=kubectl_line(stamp, "edit", f"{target.kind}/{name}", namespace=target.namespace),
            impact=_impact(before, after),
            needs=tuple(Permission(verb, target.kind, target.namespace) for verb in ("get", "update")),
            parameters={
                "uid": text(before, "metadata", "uid"),
                "version": text(before, "metadata", "resourceVersion"),
                "digest": digest_of(after),
            },
        )
        return cls(change, cluster, body)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try it without keeping it; Conflict when somebody else wrote the object meanwhile."""
        before = await self._read()
        with hear_warnings() as warnings:
            after = await self._replace(dry_run=True)
        return Preview(difference(before, after), tuple(warnings))

    async def findings(self) -> Sequence[Finding]:
        """What a rollout would do, where the edit causes one."""
        obj = await self._read()
        if text(obj, "kind") in ROLLED_OUT and self._change.impact is Impact.DISRUPTIVE:
            return rollout_findings(obj, self._change.target, self._change.stamp)
        return ()

    async def act(self, progress: Progress) -> str:
        """Write it, once; somebody else's write meanwhile is a conflict, never overwritten."""
        await self._replace()
        return f"{self._change.target} written"

    async def verify(self) -> Verified:
        """Compare what is there with what was to be."""
        obj = await self._read()
        if text(obj, "metadata", "uid") != self._change.parameters["uid"]:
            return Verified(False, "it was deleted and made again since")
        if digest_of(obj) == self._digest:
            return Verified(True, "it reads back as written")
        if text(obj, "metadata", "resourceVersion") == self._change.parameters["version"]:
            return Verified(False, "it is as it was before")
        return Verified(False, "it reads back as something else: another wrote it too")

    async def _read(self) -> KubernetesObject:
        target = self._change.target
        return await self._cluster.get(target.kind, target.name, target.namespace)

    async def _replace(self, dry_run: bool = False) -> KubernetesObject:
        target = self._change.target
        if self._edited is None:
            why, todo = "its text is not kept in the journal", "edit it again"
            raise Invalid(f"cannot {self._change.summary}", why=why, todo=todo, stamp=self._change.stamp)
        return await self._cluster.replace(
            target.kind, target.name, self._edited, namespace=target.namespace, dry_run=dry_run
        )


def digest_of(obj: KubernetesObject) -> str:
    """Return the SHA-256 of what is intended of an object: without its status and what the server writes itself."""
    return hashlib.sha256(json.dumps(intended(obj), sort_keys=True).encode()).hexdigest()


def _with_version(edited: KubernetesObject, before: KubernetesObject) -> KubernetesObject:
    """The version decides about conflicts: the one the text was made from, whatever the text says."""
    metadata: dict[str, Any] = mapping(edited, "metadata")
    own = {key: mapping(before, "metadata").get(key) for key in ("resourceVersion", "uid")}
    return {**edited, "metadata": {**metadata, **own}}


def _demand_same(before: KubernetesObject, edited: KubernetesObject, stamp: str) -> None:
    for path in (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")):
        if text(before, *path) != text(edited, *path):
            what = f"cannot write {text(before, 'kind')} {text(before, 'metadata', 'name')}"
            why = f"{'.'.join(path)} was changed from {text(before, *path) or 'nothing'}"
            raise Invalid(what, why=why, todo="leave it as it is: it names the object", stamp=stamp)


def _impact(before: KubernetesObject, after: KubernetesObject) -> Impact:
    """A changed pod template replaces pods; fewer replicas stop some; the rest takes a choice away at most."""
    if mapping(before, "spec", "template") != mapping(after, "spec", "template"):
        return Impact.DISRUPTIVE
    old, new = (each.get("spec", {}).get("replicas") for each in (before, after))
    fewer = isinstance(old, int) and isinstance(new, int) and new < old
    return Impact.DISRUPTIVE if fewer or text(before, "kind") in ("Service", "Ingress") else Impact.CAREFUL
