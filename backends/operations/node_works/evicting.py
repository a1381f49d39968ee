"""Evicting the pods of a node and waiting until they are gone, whatever happens meanwhile.

The node's pods are listed again and again: what is seen there decides, never what an answer said. So a lost answer,
a restart of the console or somebody else's eviction makes no difference, and nothing is evicted twice: every
eviction names the uid it means.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from backends.clock import Clock
from backends.errors import BudgetBlocked, Conflict, Forbidden, Invalid, NotFound, SourceError, Throttled
from backends.model.age import format_duration
from backends.model.diagnosis import Object
from backends.model.drain import DrainedPod, DrainOptions, Fate, judge_pod
from backends.model.fields import text
from backends.model.fleet import Severity
from backends.model.run import ItemState
from backends.operations.node_works.facts import Owners, read_budgets, read_or_say, read_owners, read_pods
from backends.operations.node_works.kubelet import KubeletWatch
from backends.operations.node_works.leaving import Leaving, Standing
from backends.operations.node_works.patience import Patience, asked_delay_s
from backends.operations.ports import ClusterWriter
from backends.operations.work import Progress

LOOK_S = 1.0
"""How often the node's pods are looked at, as kubectl does for each pod."""
RETRY_S = 5.0
"""How long after a refusal a pod is tried again, as kubectl does."""
_RETURNS = 2
"""How many pods of one controller may come to the cordoned node before they are left alone."""


class Evicting:
    """One drain at work; `pods` tells where every pod stands."""

    def __init__(
        self,
        cluster: ClusterWriter,
        node: str,
        options: DrainOptions,
        progress: Progress,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._cluster = cluster
        self._node = node
        self._options = options
        self._progress = progress
        self._clock = clock
        self._patience = patience
        self._owners: Owners = {}
        self._staying: set[str] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._came: Counter[str] = Counter()
        self.seen_at: float | None = None
        """When the node's pods were last seen, by the monotonic clock."""
        self._throttled_until = 0.0
        self._kubelet = KubeletWatch(cluster, node, progress, clock)
        self.pods: dict[str, Leaving] = {}
        """Every pod that leaves, by uid, in the order they are tried."""

    async def run(self, planned: Sequence[tuple[str, str, str]]) -> None:
        """Return when no pod is left that can be evicted; raises Stopped, OutOfTime or JournalFailed.

        `planned` are (namespace, name, uid) of the pods the plan had: those that are gone by now are told.
        """
        try:
            await self._until_settled(planned)
        finally:
            await self._leave_unanswered()

    async def _until_settled(self, planned: Sequence[tuple[str, str, str]]) -> None:
        was_settled = False
        while True:
            await self._patience.hold(self._glance)
            pods = await self._patience.ask(lambda: read_pods(self._cluster, self._node))
            await self._take(pods)
            if planned:
                self._tell_gone(planned)
                planned = ()
            settled = all(each.standing.is_settled for each in self.pods.values())
            # A pod that tolerates the cordon comes back a moment after the last one went: look once more.
            if settled and (was_settled or not self.pods):
                return
            was_settled = settled
            self._patience.demand_time()
            await self._evict_some()
            await self._patience.rest(LOOK_S, self._glance)

    # Looking

    async def _glance(self) -> None:
        """Look once while nothing else is done; what fails is tried again anyway."""
        try:
            pods = await read_pods(self._cluster, self._node)
        except SourceError:
            return
        await self._take(pods)

    async def _take(self, objects: Iterable[Object]) -> None:
        seen = {text(pod, "metadata", "uid"): pod for pod in objects}
        gone = [each for uid, each in self.pods.items() if uid not in seen and each.standing is not Standing.GONE]
        if gone:
            await self._progress.note({"gone": [each.pod.uid for each in gone]})
        for leaving in gone:
            self._show(leaving, Standing.GONE, "gone")
        await self._take_new([pod for uid, pod in seen.items() if uid not in self.pods and uid not in self._staying])
        for uid, leaving in self.pods.items():
            if uid in seen and text(seen[uid], "metadata", "deletionTimestamp"):
                await self._watch_ending(leaving, seen[uid])
        self.seen_at = self._clock.monotonic()

    async def _take_new(self, pods: Sequence[Object]) -> None:
        """Judge pods that were not seen before: those of the start, and those that came meanwhile."""
        if not pods:
            return
        budgets, _ = await read_or_say(read_budgets(self._cluster), "disruption budgets")
        await read_owners(self._cluster, pods, self._owners)
        judged = sorted((judge_pod(pod, budgets or (), self._owners, self._options) for pod in pods), key=_order)
        for pod in judged:
            self._admit(pod)

    def _admit(self, pod: DrainedPod) -> None:
        if not pod.leaves:
            self._staying.add(pod.uid)
            why = "the kubelet runs it from a file" if pod.fate is Fate.MIRROR else f"{pod.workload} keeps it here"
            self._progress.item(pod.key, ItemState.SKIPPED, why)
            return
        leaving = self.pods[pod.uid] = Leaving(pod)
        if why := pod.withheld(self._options):
            self._show(leaving, Standing.LEFT, why)
            return
        if self.seen_at is None:
            self._show(leaving, Standing.WAITING, f"its budget: {', '.join(pod.budgets)}" if pod.budgets else "")
            return
        self._came[pod.workload] += 1
        if pod.workload and self._came[pod.workload] > _RETURNS:
            self._show(leaving, Standing.LEFT, f"{pod.workload} keeps placing pods here: they tolerate the cordon")
        else:
            self._progress.say(f"{pod.key} came to the node meanwhile: it leaves too")
            self._show(leaving, Standing.WAITING, "came to the node meanwhile")

    def _tell_gone(self, planned: Sequence[tuple[str, str, str]]) -> None:
        """Name the pods of the plan that left before this began: by an earlier process, or by themselves."""
        here = {each.pod.key for each in self.pods.values()}
        for namespace, name, uid in planned:
            if uid not in self.pods and f"{namespace}/{name}" not in here:
                self._progress.item(f"{namespace}/{name}", ItemState.DONE, "was gone already")

    async def _watch_ending(self, leaving: Leaving, pod: Object) -> None:
        now = self._clock.monotonic()
        if leaving.ending_since is None:
            leaving.ending_since = now
            if not leaving.tried:
                self._progress.say(f"{leaving.pod.key} was being deleted already")
        if leaving.is_overdue(now):
            await self._kubelet.look()
        self._show(leaving, Standing.ENDING, leaving.ending_words(pod, now, self._kubelet.trouble))

    # Evicting

    async def _evict_some(self) -> None:
        now = self._clock.monotonic()
        self._collect_answers()
        if now < self._throttled_until:
            return
        busy = [each for each in self.pods.values() if each.is_busy and not each.is_overdue(now)]
        lanes = {each.pod.lane for each in busy}
        chosen: list[Leaving] = []
        for leaving in self.pods.values():
            if len(busy) + len(chosen) >= self._options.at_once:
                break
            if leaving.standing.may_be_tried and leaving.retry_at <= now and leaving.pod.lane not in lanes:
                lanes.add(leaving.pod.lane)
                chosen.append(leaving)
        if fresh := [each for each in chosen if not each.tried]:
            await self._progress.note({"evicting": [[each.pod.key, each.pod.uid] for each in fresh]})
        for leaving in chosen:
            if leaving.blocked_by:
                leaving.standing = Standing.ASKED  # it is still shown as blocked, and since when
            else:
                self._show(leaving, Standing.ASKED, "evicting")
            self._asking[leaving.pod.uid] = asyncio.create_task(self._evict(leaving), name=f"evict {leaving.pod.key}")

    def _collect_answers(self) -> None:
        """Forget evictions that were answered; a fault of ours in one of them is raised here."""
        for uid, task in list(self._asking.items()):
            if task.done():
                del self._asking[uid]
                task.result()

    async def _leave_unanswered(self) -> None:
        """Wait no longer for answers: an eviction that was sent may still be done."""
        tasks = [*self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _evict(self, leaving: Leaving) -> None:
        pod = leaving.pod
        leaving.tried += 1
        problem: SourceError | None = None
        try:
            await self._cluster.evict(pod.name, pod.namespace, uid=pod.uid, grace_s=self._options.grace_s)
        except SourceError as error:
            problem = error
        if leaving.standing is not Standing.ASKED:
            return  # a look was quicker than the answer
        if problem is not None:
            self._take_refusal(leaving, problem)
            return
        leaving.ending_since = self._clock.monotonic()
        self._show(leaving, Standing.ENDING, f"evicted: ends within {format_duration(pod.grace_s)}")

    def _take_refusal(self, leaving: Leaving, error: SourceError) -> None:
        match error:
            case BudgetBlocked():
                self._block(leaving, error)
            case Throttled():
                delay_s = asked_delay_s(error, RETRY_S)
                self._throttled_until = max(self._throttled_until, self._clock.monotonic() + delay_s)
                self._show(leaving, Standing.WAITING, f"the API asks to slow down: again in {delay_s:.0f}s")
            case NotFound() | Conflict():
                # It is gone, or the name is another pod's by now: the next look tells.
                self._retry(leaving, "looking again")
            case Forbidden() if "being terminated" in str(error):  # its namespace is being deleted, and it with it
                self._block(leaving, error)
            case Invalid() if "budget" in str(error).lower():  # more than one protects it, which can be mended
                self._block(leaving, error)
            case Forbidden() | Invalid():
                self._show(leaving, Standing.LEFT, error.why or error.what)
            case _:
                # Whether it was done is not known: the next look tells, and waits where the API is gone.
                self._retry(leaving, f"no clear answer ({error.why or error.what}): looking again")

    def _block(self, leaving: Leaving, error: SourceError) -> None:
        delay_s = asked_delay_s(error, RETRY_S)
        leaving.retry_at = self._clock.monotonic() + delay_s
        why = error.why or error.what
        if not leaving.blocked_by:
            self._progress.say(f"{leaving.pod.key} is blocked: {why}", Severity.WARNING)
        leaving.blocked_by = why
        self._show(leaving, Standing.BLOCKED, why)

    def _retry(self, leaving: Leaving, why: str) -> None:
        leaving.retry_at = self._clock.monotonic() + RETRY_S
        self._show(leaving, Standing.WAITING, why)

    def _show(self, leaving: Leaving, standing: Standing, words: str) -> None:
        leaving.standing, leaving.words = standing, words
        self._progress.item(leaving.pod.key, standing.item_state, words)


def _order(pod: DrainedPod) -> tuple[bool, bool, bool, str]:
    """What ended first, what keeps state last, as the plan has it."""
    return (pod.fate is not Fate.FINISHED, pod.is_stateful, pod.hindrance is not None, pod.key)
