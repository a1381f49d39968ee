"""Deleting an object of any kind, with what hangs on it: what it takes along, and what makes it again.

Source: Kubernetes, "Garbage collection" (propagation) and the API reference of DeleteOptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from backends.clock import Clock
from backends.errors import Invalid, NotFound, SourceError
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference
from backends.model.fields import text
from backends.model.fleet import Severity
from backends.model.kubectl_line import kubectl_line
from backends.model.preconditions.deletions import deletion_findings
from backends.model.proposal import Finding, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, KubernetesObject
from backends.operations.work import Progress, Verified
from backends.operations.workload_works.scale import kind_word

PROPAGATIONS = ("Background", "Foreground", "Orphan")
_LOOK_S = 1.0
_PATIENCE_S = 60.0
"""Beyond the grace period: what is still there then waits for a finalizer or for its kubelet."""


class DeleteWork:
    """Deletes one object; parameters: its `uid`, `propagation`, and `grace_s` (None: as the object says)."""

    ACTION = "delete"

    def __init__(self, change: Change, cluster: ClusterWriter, clock: Clock) -> None:
        self._change = change
        self._cluster = cluster
        self._clock = clock
        self._uid = str(change.parameters["uid"])
        self._propagation = str(change.parameters["propagation"])
        grace = change.parameters.get("grace_s")
        self._grace_s = None if grace is None else int(grace)

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster, clock)

    @classmethod
    async def plan(
        cls,
        cluster: ClusterWriter,
        kind: str,
        name: str,
        namespace: str | None,
        clock: Clock,
        *,
        propagation: str = "Background",
        grace_s: int | None = None,
    ) -> Self:
        """Read the object and return the work; SourceError when it cannot be read."""
        obj, stamp = await cluster.get(kind, name, namespace), cluster.stamp
        if propagation not in PROPAGATIONS:
            why, todo = f"{propagation!r} is no way to propagate", f"choose {', '.join(PROPAGATIONS)}"
            raise Invalid(f"cannot delete {kind}/{name}", why=why, todo=todo, stamp=stamp.name)
        target = Target(kind_word(obj, kind), name, text(obj, "metadata", "namespace") or None)
        words = ["delete", f"{target.kind}/{name}", f"--cascade={propagation.lower()}"]
        words += [f"--grace-period={grace_s}"] if grace_s is not None else []
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=target,
            summary=f"delete {target.kind}/{name} on {stamp.name}",
            command=kubectl_line(stamp, *words, namespace=target.namespace),
            impact=Impact.DISRUPTIVE,
            needs=(
                Permission("get", target.kind, target.namespace),
                Permission("delete", target.kind, target.namespace),
            ),
            parameters={"uid": text(obj, "metadata", "uid"), "propagation": propagation, "grace_s": grace_s},
        )
        return cls(change, cluster, clock)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try it without keeping it; the diff is the whole object."""
        obj = await self._read()
        with hear_warnings() as warnings:
            await self._delete(dry_run=True)
        return Preview(difference(obj, None, context_lines=0), tuple(warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say what goes along, what makes it again, and what never comes back."""
        obj = await self._read()
        return deletion_findings(obj, self._change.target, self._change.stamp, self._propagation, self._grace_s)

    async def act(self, progress: Progress) -> str:
        """Delete it once and wait until it is gone; one that is gone already is left at that."""
        obj = await self._find()
        if obj is None:
            return f"{self._change.target} is gone already"
        if not text(obj, "metadata", "deletionTimestamp"):
            await self._delete()
            progress.say("the API took it")
        await self._wait_until_gone(progress)
        return f"{self._change.target} deleted"

    async def verify(self) -> Verified:
        """See whether it is gone."""
        obj = await self._find()
        if obj is None:
            return Verified(True, "it is gone")
        held = ", ".join(str(each) for each in obj["metadata"].get("finalizers") or ())
        if since := text(obj, "metadata", "deletionTimestamp"):
            waits = f"it waits for {held}" if held else "it waits for its grace period or its kubelet"
            return Verified(False, f"it is still there, being deleted since {since}: {waits}")
        return Verified(False, "it is still there")

    async def _wait_until_gone(self, progress: Progress) -> None:
        """Wait for its end as long as that is to be expected; an API that goes away is waited for as well."""
        obj = await self._find()
        own_s = (obj or {}).get("metadata", {}).get("deletionGracePeriodSeconds") or 0
        ends = self._clock.monotonic() + float(self._grace_s if self._grace_s is not None else own_s) + _PATIENCE_S
        said = ""
        while self._clock.monotonic() < ends:
            try:
                if await self._find() is None:
                    return
                problem = ""
            except SourceError as error:
                problem = str(error)
            if problem and problem != said:
                progress.say(f"{problem}; asking again", Severity.WARNING)
            said = problem
            await progress.checkpoint()
            await self._clock.sleep(_LOOK_S)

    async def _find(self) -> KubernetesObject | None:
        """Return the object while it is the one that was planned for."""
        target = self._change.target
        try:
            obj = await self._cluster.get(target.kind, target.name, target.namespace)
        except NotFound:
            return None
        return obj if text(obj, "metadata", "uid") == self._uid else None

    async def _read(self) -> KubernetesObject:
        obj = await self._find()
        if obj is None:
            why = "it is gone, or was deleted and made again, since it was planned"
            raise NotFound(f"cannot {self._change.summary}", why=why, todo="look again", stamp=self._change.stamp)
        return obj

    async def _delete(self, dry_run: bool = False) -> None:
        target = self._change.target
        await self._cluster.delete(
            target.kind,
            target.name,
            namespace=target.namespace,
            propagation=self._propagation,
            grace_s=self._grace_s,
            uid=self._uid,
            dry_run=dry_run,
        )


def impact_of(obj: KubernetesObject) -> Impact:
    """A pod that its owner makes again is one of several; anything else may be the only one."""
    owned = bool((obj.get("metadata") or {}).get("ownerReferences"))
    return Impact.CAREFUL if text(obj, "kind") == "Pod" and owned else Impact.DISRUPTIVE
