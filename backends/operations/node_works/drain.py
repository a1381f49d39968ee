"""Draining a node: cordon it, evict its pods within their budgets, and wait until they are gone.

Source: Kubernetes documentation, "Safely Drain a Node"; what `kubectl drain --ignore-daemonsets` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Self

from backends.clock import Clock
from backends.errors import JournalFailed, NotFound
from backends.model.age import format_duration
from backends.model.change import Change, Impact, Permission, Target
from backends.model.difference import difference
from backends.model.drain import DrainedPod, DrainFacts, DrainOptions, DrainPlan, judge_pod, plan_drain
from backends.model.drain_words import plan_lines
from backends.model.fields import text
from backends.model.kubectl_line import kubectl_line
from backends.model.proposal import Finding, Preview
from backends.model.server_warnings import hear_warnings
from backends.operations.node_works.cordon import demand_same_node, is_cordoned, set_cordon
from backends.operations.node_works.evicting import Evicting
from backends.operations.node_works.facts import read_budgets, read_facts, read_or_say, read_owners, read_pods
from backends.operations.node_works.findings import drain_findings
from backends.operations.node_works.leaving import Standing, told
from backends.operations.node_works.patience import LASTING, OutOfTime, Patience
from backends.operations.ports import ClusterWriter
from backends.operations.work import PartlyDone, Progress, Stopped, Verified

_SAME_S = 1.0
"""The preview and the findings of one question are made of the same facts."""

_MANY = 500
"""With more pods than this the plan is made in a thread: 10,000 take a second, and a screen must not wait."""
_OLD_S = 10.0
"""A look at the pods that is older than this may be wrong by now, which is said."""


class DrainWork:
    """Empties one node; parameters: the options, the node's `uid`, `was_cordoned`, and the `pods` that shall leave."""

    ACTION = "drain"

    def __init__(self, change: Change, cluster: ClusterWriter, clock: Clock) -> None:
        self._change = change
        self._cluster = cluster
        self._clock = clock
        self._options = options_of(change.parameters)
        self._node = change.target.name
        self._planned = [(str(ns), str(name), str(uid)) for ns, name, uid in change.parameters.get("pods", ())]
        self._was_cordoned = bool(change.parameters["was_cordoned"])
        self._known: tuple[DrainFacts, DrainPlan] | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    @classmethod
    def from_change(cls, change: Change, cluster: ClusterWriter, clock: Clock) -> Self:
        """Return the work of a change, as planned or as read from the journal."""
        return cls(change, cluster, clock)

    @classmethod
    async def plan(cls, cluster: ClusterWriter, node: str, options: DrainOptions, clock: Clock) -> Self:
        """Read the node and its pods and return the work; SourceError when they cannot be read."""
        found, pods = await asyncio.gather(cluster.get("nodes", node), read_pods(cluster, node))
        leaving = [each for each in await _judge(cluster, pods, options) if each.leaves]
        stamp = cluster.stamp
        evictions = (Permission("create", "pods", each, "eviction") for each in sorted({p.namespace for p in leaving}))
        change = Change(
            action=cls.ACTION,
            stamp=stamp.name,
            target=Target("node", node),
            summary=f"drain node {node} on {stamp.name}",
            command=kubectl_line(stamp, *drain_words(node, options)),
            impact=Impact.DISRUPTIVE,
            needs=(Permission("patch", "nodes"), Permission("list", "pods"), *evictions),
            parameters={
                **parameters_of(options),
                "uid": text(found, "metadata", "uid"),
                "was_cordoned": is_cordoned(found),
                "pods": [[each.namespace, each.name, each.uid] for each in leaving],
            },
        )
        return cls(change, cluster, clock)

    @property
    def change(self) -> Change:
        """What it does."""
        return self._change

    async def preview(self) -> Preview:
        """Have the server try the cordon without keeping it, and say what becomes of every pod."""
        facts, plan = await self._examine()
        demand_same_node(facts.node, self._change)
        with hear_warnings() as warnings:
            after = await set_cordon(self._cluster, facts.node, True, dry_run=True)
        return Preview(difference(facts.node, after), (*plan_lines(plan, self._options), *warnings))

    async def findings(self) -> Sequence[Finding]:
        """Answer the rules about nodes, budgets, what would be lost, and where the pods could go."""
        facts, plan = await self._examine()
        return tuple(drain_findings(plan, facts.node, facts.nodes, self._options, self._change.stamp))

    async def act(self, progress: Progress) -> str:
        """Cordon, evict, wait; also for what an earlier process began: what is done already is seen to be done."""
        patience = Patience(self._clock, progress, self._options.timeout_s)
        evicting = Evicting(self._cluster, self._node, self._options, progress, self._clock, patience)
        try:
            await self._cordon(progress, patience)
            await evicting.run(self._planned)
        except Stopped as stopped:
            what = f"stopped draining {self._node}: {self._told(evicting)}"
            raise Stopped(what, why=stopped.why, todo=self._todo(), stamp=self._change.stamp) from stopped
        except OutOfTime as over:
            waited = f"not done within {format_duration(self._options.timeout_s)}"
            why = f"{waited}; the API does not answer: {over.trouble}" if over.trouble else waited
            raise self._partly(evicting, why) from over
        except JournalFailed as failed:
            raise self._partly(evicting, str(failed)) from failed
        if any(each.standing is Standing.LEFT for each in evicting.pods.values()):
            raise self._partly(evicting, "not every pod can be evicted")
        return f"{self._node} is drained: {self._told(evicting)}"

    async def verify(self) -> Verified:
        """Read back that the node is cordoned and that nothing is left on it but what stays."""
        try:
            node = await self._cluster.get("nodes", self._node)
        except NotFound:
            return Verified(False, f"{self._node} is no node of this stamp any more")
        if text(node, "metadata", "uid") != self._change.parameters.get("uid"):
            return Verified(False, f"{self._node} was deleted and joined again since")
        pods = await _judge(self._cluster, await read_pods(self._cluster, self._node), self._options)
        left = [each.key for each in pods if each.leaves]
        if left:
            return Verified(False, f"there is still {', '.join(left[:20])} on it")
        stays = f"{len(pods)} pods that belong to the node stay" if pods else "no pod is on it"
        return Verified(is_cordoned(node), f"it is {'' if is_cordoned(node) else 'not '}cordoned, and {stays}")

    async def _examine(self) -> tuple[DrainFacts, DrainPlan]:
        """Return what is known and the plan made of it, once for all who ask at one time."""
        async with self._reading:
            if self._known is None or self._clock.monotonic() - self._read_at > _SAME_S:
                facts = await read_facts(self._cluster, self._node)
                self._known = facts, await _planned(facts, self._options)
                self._read_at = self._clock.monotonic()
            return self._known

    async def _cordon(self, progress: Progress, patience: Patience) -> None:
        node = await patience.ask(lambda: self._cluster.get("nodes", self._node), lasting=LASTING)
        demand_same_node(node, self._change)
        if is_cordoned(node):
            progress.say(f"{self._node} is cordoned already")
            return
        await progress.note({"cordoning": self._node})
        await patience.ask(lambda: set_cordon(self._cluster, node, True), lasting=LASTING)
        progress.say(f"{self._node} is cordoned: no new pod is placed on it")

    def _told(self, evicting: Evicting) -> str:
        if evicting.seen_at is None:
            return "its pods were not looked at yet"
        ago_s = self._clock.monotonic() - evicting.seen_at
        seen = f", as last seen {format_duration(ago_s)} ago" if ago_s > _OLD_S else ""
        return (told(evicting.pods.values()) if evicting.pods else "there was no pod to evict") + seen

    def _partly(self, evicting: Evicting, why: str) -> PartlyDone:
        what = f"{self._node} is only partly drained: {self._told(evicting)}"
        return PartlyDone(what, why=why, todo=self._todo(), stamp=self._change.stamp)

    def _todo(self) -> str:
        """What an operator may do with a node that stays cordoned."""
        name, stamp = self._node, self._change.stamp
        before = " as it was before" if self._was_cordoned else ""
        return (
            f"the node stays cordoned{before}: drain it again to go on, or give it back with "
            f"`stampdeck do uncordon {name} --stamp {stamp} --write`"
        )


async def _planned(facts: DrainFacts, options: DrainOptions) -> DrainPlan:
    if len(facts.pods) < _MANY:
        return plan_drain(facts, options)
    return await asyncio.to_thread(plan_drain, facts, options)


async def _judge(cluster: ClusterWriter, pods: Sequence[dict[str, Any]], options: DrainOptions) -> list[DrainedPod]:
    budgets, _ = await read_or_say(read_budgets(cluster), "disruption budgets")
    owners, _ = await read_owners(cluster, pods, {})
    return [judge_pod(pod, budgets or (), owners, options) for pod in pods]


def drain_words(node: str, options: DrainOptions) -> list[str]:
    """Return the words after `kubectl` that drain a node with these options."""
    words = ["drain", node, "--ignore-daemonsets"]
    if options.delete_local_data:
        words.append("--delete-emptydir-data")
    if options.force:
        words.append("--force")
    if options.grace_s is not None:
        words.append(f"--grace-period={options.grace_s}")
    return [*words, f"--timeout={options.timeout_s:g}s"]


def parameters_of(options: DrainOptions) -> dict[str, Any]:
    """Return options as a change keeps them."""
    return {
        "force": options.force,
        "delete_emptydir_data": options.delete_local_data,
        "grace_period_s": options.grace_s,
        "timeout_s": options.timeout_s,
        "at_once": options.at_once,
    }


def options_of(parameters: Mapping[str, Any]) -> DrainOptions:
    """Return the options a change was planned with; KeyError, TypeError or ValueError when they are not there."""
    grace_s = parameters["grace_period_s"]
    return DrainOptions(
        force=bool(parameters["force"]),
        delete_local_data=bool(parameters["delete_emptydir_data"]),
        grace_s=None if grace_s is None else int(grace_s),
        timeout_s=float(parameters["timeout_s"]),
        at_once=int(parameters["at_once"]),
    )
