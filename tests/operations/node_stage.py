"""A stamp with nodes whose pods end after a while of the manual clock, and whose API can be made to fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from backends.errors import BudgetBlocked, Conflict, NotFound, Unreachable
from backends.model.drain import DrainOptions
from backends.model.kinds import ResourceKind
from backends.model.proposal import Consent, Outcome
from backends.model.run import ItemState
from backends.operations.gate import Gate
from backends.operations.node_works.drain import DrainWork
from backends.operations.ports import KubernetesObject
from backends.operations.runs import Run, Runs
from tests.operations.gate_stage import YES, Stage
from tests.support.clock import ManualClock
from tests.support.fake_writer import FakeWriter
from tests.support.node_objects import a_node, an_owner

T = TypeVar("T")

KINDS = (
    ResourceKind("apps", "v1", "replicasets", "ReplicaSet", True),
    ResourceKind("apps", "v1", "statefulsets", "StatefulSet", True),
    ResourceKind("apps", "v1", "daemonsets", "DaemonSet", True),
    ResourceKind("batch", "v1", "jobs", "Job", True),
)
WEB = an_owner("ReplicaSet", "web-7f9", above="web")
DAEMONS = an_owner("DaemonSet", "kube-proxy")


class NodeCluster(FakeWriter):
    """Nodes and pods of one stamp: an evicted pod is there, being deleted, for `ends_after_s`.

    `evictions` are (uid, monotonic time) of those that were granted; `refusals` by pod name are raised, first
    one first, before an eviction of it is granted; `vanish` is called with a pod that has ended.
    """

    def __init__(self, clock: ManualClock, *nodes: str) -> None:
        super().__init__("orlando")
        self.clock = clock
        self.served = KINDS
        self.ends_after_s = 6.0
        self.never_ends: set[str] = set()
        self.lost_answers = 0
        """How many of the next writes are done without an answer."""
        self.evictions: list[tuple[str, float]] = []
        self.asked: list[str] = []
        self.refusals: dict[str, list[Exception]] = {}
        self.vanished: Callable[[KubernetesObject], None] = lambda pod: None
        self._ending: dict[tuple[str, str, str], float] = {}
        for name in nodes or ("node-a", "node-b", "node-c"):
            self.put("nodes", a_node(name))
        for owner in (WEB, DAEMONS):
            self.put(f"{owner['kind'].lower()}.apps", owner)

    def pods(self, *pods: KubernetesObject) -> None:
        """Put pods."""
        for pod in pods:
            self.put("pods", pod)

    @property
    def node(self) -> KubernetesObject:
        """The node that is drained in the tests."""
        return self.objects["nodes", "", "node-a"]

    @property
    def left(self) -> list[str]:
        """Names of the pods that are there now."""
        self._end()
        return sorted(name for kind, _, name in self.objects if kind == "pods")

    async def get(self, kind: str, name: str, namespace: str | None = None) -> KubernetesObject:
        return await super().get(kind, name, None if kind == "nodes" else namespace)

    async def list_objects(
        self, kind: str, *, namespace: str | None = None, selector: str = "", field_selector: str = "", limit: int = 500
    ) -> Sequence[KubernetesObject]:
        listed = await super().list_objects(
            kind, namespace=namespace, selector=selector, field_selector=field_selector, limit=limit
        )
        self._end()
        node = field_selector.removeprefix("spec.nodeName=")
        return [
            each
            for each in listed
            if (kind, each["metadata"].get("namespace", ""), each["metadata"]["name"]) in self.objects
            and (not node or each["spec"].get("nodeName") == node)
        ]

    async def evict(
        self, pod: str, namespace: str, *, uid: str = "", grace_s: int | None = None, dry_run: bool = False
    ) -> None:
        self.asked.append(pod)
        await self._called("evict", pod, namespace, uid, grace_s)
        key = ("pods", namespace, pod)
        found = self.objects.get(key)
        if found is None:
            raise NotFound(f"cannot evict {pod}", why="not found", stamp="orlando")
        if uid and found["metadata"]["uid"] != uid:
            raise Conflict(f"cannot evict {pod}", why="the UID in the precondition is another", stamp="orlando")
        if self.refusals.get(pod):
            raise self.refusals[pod].pop(0)
        self.evictions.append((uid, self.clock.monotonic()))
        self.end_soon(pod, namespace)
        self._answer(False, {})

    def _answer(self, dry_run: bool, obj: KubernetesObject) -> KubernetesObject:
        if not dry_run and self.lost_answers:
            self.lost_answers -= 1
            raise Unreachable("sent a write", why="whether it was done is not known", stamp="orlando")
        return super()._answer(dry_run, obj)

    def end_soon(self, pod: str, namespace: str = "default") -> None:
        """Mark a pod as being deleted, as somebody's eviction does."""
        key = ("pods", namespace, pod)
        self.objects[key]["metadata"]["deletionTimestamp"] = "2026-09-21T13:46:40Z"
        self._ending.setdefault(key, self.clock.monotonic() + self.ends_after_s)

    def _end(self) -> None:
        for key, at in list(self._ending.items()):
            if at <= self.clock.monotonic() and key[2] not in self.never_ends:
                del self._ending[key]
                self.vanished(self.objects.pop(key))


def blocked(budget: str = "web") -> BudgetBlocked:
    """Return what an eviction gets that a budget forbids."""
    why = f"The disruption budget {budget} needs 2 healthy pods and has 2 currently"
    return BudgetBlocked("cannot evict", why=why, stamp="orlando", retry_after_s=None)


async def passing(clock: ManualClock, call: Coroutine[Any, Any, T], limit_s: float = 3_600.0) -> T:
    """Let time pass until the call has ended, and return what it returned or raise what it raised."""
    task = asyncio.ensure_future(call)
    await clock.until(task.done, limit_s)
    return task.result()


class NodeStage(Stage):
    """The gate over a stamp with nodes."""

    def __init__(self, *nodes: str) -> None:
        super().__init__()
        self.cluster: NodeCluster = NodeCluster(self.clock, *nodes)
        clusters = {"orlando": self.cluster}
        self.gate = Gate(clusters, self.preconditions, self.lock, self.journal, self.arming, self.clock)
        self.runs = Runs(self.gate, self.journal, self.clock)

    async def drain(self, node: str = "node-a", **options: Any) -> DrainWork:
        """Plan a drain."""
        return await DrainWork.plan(self.cluster, node, DrainOptions(**options), self.clock)

    async def start_drain(self, consent: Consent = YES, **options: Any) -> Run:
        """Plan a drain and start it."""
        work = await self.drain(**options)
        return self.runs.start(work, await self.gate.propose(work), consent)

    async def ended(self, run: Run, limit_s: float = 3_600.0) -> Outcome:
        """Let time pass until a run has ended."""
        await self.clock.until(lambda: run.status.value.state.is_over, limit_s)
        return await run.finished()


def item_of(run: Run, key: str) -> tuple[ItemState, str]:
    """Return where one part of a run stands."""
    found = next((each for each in run.status.value.items if each.key == key), None)
    return (found.state, found.text) if found else (ItemState.SKIPPED, "not there")


def lines_of(run: Run) -> list[str]:
    """Return what a run said."""
    return [each.text for each in run.lines.read().items]
