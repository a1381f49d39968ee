"""Following a rollout to its end: what it waits for, the pods that hold it up, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from backends.clock import Clock
from backends.errors import NotFound, SourceError
from backends.model.change import Target
from backends.model.diagnosis import Facts, Object
from backends.model.fields import condition, full_name, items, text
from backends.model.fleet import Severity
from backends.model.rollout import rollout_of
from backends.model.rules import diagnose
from backends.model.run import ItemState
from backends.model.scope import scope_of
from backends.operations.ports import ClusterReader
from backends.operations.work import PartlyDone, Progress

EVERY_S = 2.0
STUCK_AFTER_S = 900.0
"""Without any progress for this long a rollout is given up on; a Deployment has its own deadline, usually 600 s."""
_PODS_SHOWN = 60


class RolloutFollower:
    """Reads a workload and its pods every two seconds until its rollout has ended, for better or worse."""

    def __init__(self, cluster: ClusterReader, target: Target, clock: Clock, progress: Progress) -> None:
        self._cluster = cluster
        self._target = target
        self._clock = clock
        self._progress = progress
        self._said = self._problem = ""
        self._ready: frozenset[str] = frozenset()
        self._moved_at = clock.monotonic()
        self._shown: set[str] = set()

    async def follow(self) -> str:
        """Wait for the end and say how it is; PartlyDone when it failed, Stopped when it is not to be watched on."""
        while True:
            await self._progress.checkpoint()
            try:
                ended = await self._look()
            except NotFound as error:
                raise PartlyDone(error.what, why="it was deleted while it rolled out", stamp=error.stamp) from None
            except SourceError as error:
                ended = ""
                self._say_problem(str(error))
            if ended:
                return ended
            if self._clock.monotonic() - self._moved_at > STUCK_AFTER_S:
                raise self._failed(f"nothing moved for {STUCK_AFTER_S / 60:.0f} minutes", "")
            await self._clock.sleep(EVERY_S)

    async def _look(self) -> str:
        """Read once; return the verdict when it is done, nothing while it goes on."""
        target = self._target
        obj = await self._cluster.get(target.kind, target.name, target.namespace)
        rollout = rollout_of(obj)
        pods = await self._pods(obj)
        self._show(pods)
        if rollout.text != self._said:
            self._progress.say(rollout.text)
        if self._problem:
            self._progress.say("the API answers again", Severity.GOOD)
        ready = frozenset(text(pod, "metadata", "uid") for pod in pods if _is_ready(pod))
        if (rollout.text, ready) != (self._said, self._ready) or self._problem:
            self._moved_at = self._clock.monotonic()
        self._said, self._ready, self._problem = rollout.text, ready, ""
        if rollout.failed:
            raise self._failed(rollout.failed, self._cause(pods))
        return rollout.text if rollout.done else ""

    async def _pods(self, obj: Object) -> Sequence[Object]:
        scope = scope_of(obj)
        if scope is None:
            return ()
        return await self._cluster.list_objects(
            "pods", namespace=scope.namespace, selector=scope.selector, field_selector=scope.field_selector, limit=200
        )

    def _show(self, pods: Sequence[Object]) -> None:
        """Show the pods that are there; those that went are done."""
        names = set()
        for pod in pods[:_PODS_SHOWN]:
            name = f"pod/{text(pod, 'metadata', 'name')}"
            names.add(name)
            self._progress.item(name, *_pod_item(pod))
        for name in self._shown - names:
            self._progress.item(name, ItemState.DONE, "gone")
        self._shown = names

    def _say_problem(self, problem: str) -> None:
        """The API does not answer: said once, and waited for; the rollout goes on without us."""
        if problem != self._problem:
            self._progress.say(f"{problem}; the rollout goes on in the cluster, asking again", Severity.WARNING)
        self._problem = problem

    def _cause(self, pods: Sequence[Object]) -> str:
        """Say what is wrong with the first pod that something is wrong with; the old ones may all be well."""
        for pod in pods:
            if _is_ready(pod):
                continue
            for finding in diagnose(Facts(pod, self._clock.now())):
                if finding.severity in (Severity.BAD, Severity.WARNING):
                    return f"pod {full_name(pod)}: {finding.text}"
        return ""

    def _failed(self, why: str, cause: str) -> PartlyDone:
        target = self._target
        return PartlyDone(
            f"the rollout of {target} did not finish",
            why=f"{why}; {cause}" if cause else why,
            todo=f"look at its pods, or undo it: stampdeck do rollback {target.kind}/{target.name}",
            stamp=self._cluster.stamp.name,
        )


def _is_ready(pod: Object) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def _pod_item(pod: Object) -> tuple[ItemState, str]:
    if text(pod, "metadata", "deletionTimestamp"):
        return ItemState.WORKING, "terminating"
    if _is_ready(pod):
        return ItemState.DONE, "ready"
    waiting = [text(each, "state", "waiting", "reason") for each in items(pod, "status", "containerStatuses")]
    reason = next((each for each in waiting if each), "") or text(pod, "status", "phase") or "Pending"
    failing = reason.endswith(("BackOff", "Error")) or reason in ("ErrImagePull", "InvalidImageName", "Failed")
    return ItemState.BLOCKED if failing else ItemState.WORKING, reason
