"""Works that patch one workload: what they share, from the dry run to the end of the rollout they cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from backends.clock import Clock
from backends.errors import Conflict
from backends.model.change import Change
from backends.model.difference import difference
from backends.model.fields import mapping, text
from backends.model.preconditions.rollouts import rollout_findings
from backends.model.proposal import Finding, Preview
from backends.model.rollout import rollout_of
from backends.model.server_warnings import hear_warnings
from backends.operations.ports import ClusterWriter, KubernetesObject, PatchKind
from backends.operations.rollout import RolloutFollower
from backends.operations.work import Progress, Verified

_TRIES = 5


class PatchWork:
    """Patches the object it was planned for and, where that replaces pods, follows the rollout to its end.

    Parameters: `patch` (the body), `uid` of the object; a subclass says when the object is as wanted.
    """

    ACTION: ClassVar[str]
    FOLLOWS: ClassVar[bool] = True
    """Whether it replaces pods: then the end of the rollout is waited for."""

    def __init__(self, change: Change, cluster: ClusterWriter, clock: Clock) -> None:
        self._change = change
        self._cluster = cluster
        self._clock = clock
        self._patch: Any = change.parameters["patch"]
        self._uid = str(change.parameters["uid"])

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster, clock)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    def is_as_wanted(self, obj: KubernetesObject) -> bool:
        """Whether the object already is what the patch makes of it."""
        raise NotImplementedError

    def patch_kind(self) -> PatchKind:
        """Return how the body is to be read."""
        return PatchKind.STRATEGIC

    async def preview(self) -> Preview:
        """Have the server try it without keeping it."""
        before = await self._read()
        with hear_warnings() as warnings:
            after = await self._send(dry_run=True)
        return Preview(difference(before, after), tuple(warnings))

    async def findings(self) -> Sequence[Finding]:
        """Say what a rollout would do to what runs, and whether one is going on."""
        obj = await self._read()
        return rollout_findings(obj, self._change.target, self._change.stamp) if self.FOLLOWS else ()

    async def act(self, progress: Progress) -> str:
        """Send the patch once, then wait for the rollout; a work taken up again only waits."""
        if self.is_as_wanted(await self._read()):
            progress.say("the workload is as wanted already")
        else:
            await self._send_in_turn(progress)
            progress.say("the API took it")
        if not self.FOLLOWS:
            return f"{self._change.target}: {self._change.action} done"
        await RolloutFollower(self._cluster, self._change.target, self._clock, progress).follow()
        return f"{self._change.target} rolled out"

    async def verify(self) -> Verified:
        """Read it back."""
        obj = await self._read_any()
        if text(obj, "metadata", "uid") != self._uid:
            return Verified(False, "it was deleted and made again since")
        if not self.is_as_wanted(obj):
            return Verified(False, "it is not as it was to be")
        rollout = rollout_of(obj)
        if self.FOLLOWS and not rollout.done:
            return Verified(False, f"it was changed, and its rollout is not over: {rollout.failed or rollout.text}")
        return Verified(True, rollout.text if self.FOLLOWS else "read back as wanted")

    async def _send_in_turn(self, progress: Progress) -> None:
        for left in reversed(range(_TRIES)):
            try:
                await self._send()
                return
            except Conflict:
                if not left:
                    raise
                progress.say("it was written by another just then; trying again")
                await self._read()

    async def _send(self, dry_run: bool = False) -> KubernetesObject:
        target = self._change.target
        return await self._cluster.patch(
            target.kind, target.name, self._patch, namespace=target.namespace, patch=self.patch_kind(), dry_run=dry_run
        )

    async def _read_any(self) -> KubernetesObject:
        target = self._change.target
        return await self._cluster.get(target.kind, target.name, target.namespace)

    async def _read(self) -> KubernetesObject:
        """Read the object; Conflict when another has taken its name since it was planned."""
        obj = await self._read_any()
        if text(obj, "metadata", "uid") != self._uid:
            why = "it was deleted and made again, since it was planned"
            todo, stamp = "look at it, and plan it again", self._change.stamp
            raise Conflict(f"cannot {self._change.summary}", why=why, todo=todo, stamp=stamp)
        return obj


def template_annotation(obj: KubernetesObject, name: str) -> str:
    """Return an annotation of the pod template."""
    return text(mapping(obj, "spec", "template", "metadata", "annotations"), name)
