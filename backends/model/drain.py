"""Draining a node, planned: what becomes of every pod on it, in which order, and what stands in the way."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from backends.model.diagnosis import Object
from backends.model.drain_budgets import Hindrance, hindrance_of, is_ready
from backends.model.drain_room import Placement, Room, Volumes, claims_of, controller_of
from backends.model.fields import full_name, items, mapping, text
from backends.model.preconditions.budgets import budgets_of

MIRROR = "kubernetes.io/config.mirror"
"""The annotation of a static pod's picture in the API: evicting it would change nothing."""
_USUAL_GRACE_S = 30
_LASTING = ("ReplicaSet", "StatefulSet", "ReplicationController", "Deployment")
"""Controllers whose pods serve for as long as they are wanted."""


NOT_ASKED = Placement()


class Fate(StrEnum):
    """What a drain does with a pod."""

    EVICT = "evict"
    FINISHED = "finished"
    """Evicted as well, but it had ended: nobody misses it."""
    DAEMON = "DaemonSet"
    """Stays: its DaemonSet would only make it anew here."""
    MIRROR = "mirror"
    """Stays: the kubelet runs it from a file."""


@dataclass(frozen=True, slots=True)
class DrainOptions:
    """What the operator allows, and how patient the drain is.

    `grace_s` None leaves each pod its own grace period; `timeout_s` 0 means no limit.
    """

    force: bool = False
    """Also pods that no controller makes anew."""
    delete_local_data: bool = False
    """Also pods whose emptyDir volumes are lost with them."""
    grace_s: int | None = None
    timeout_s: float = 1800.0
    at_once: int = 5


@dataclass(frozen=True, slots=True)
class DrainFacts:
    """What a plan is made of: whole objects. `owners` are controllers by uid: None is gone, absent is not known."""

    node: Object
    nodes: Sequence[Object]
    pods: Sequence[Object]
    """Pods of the whole stamp: those of the other nodes take their room."""
    budgets: Sequence[Object] = ()
    owners: Mapping[str, Object | None] = field(default_factory=dict)
    volumes: Volumes = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    """What could not be read, in words."""


@dataclass(frozen=True, slots=True)
class DrainedPod:
    """One pod of the node: its fate, what would be lost, what hinders it, and where another could take its place."""

    namespace: str
    name: str
    uid: str
    fate: Fate
    workload: str = ""
    """Who makes it anew, as people name it: `Deployment ratings-web`."""
    lane: str = ""
    """Pods of one lane share a budget or a controller: they leave one after another."""
    unmanaged: str = ""
    """Why nobody makes it anew; empty when somebody does."""
    local_data: tuple[str, ...] = ()
    """Its emptyDir volumes."""
    budgets: tuple[str, ...] = ()
    hindrance: Hindrance | None = None
    outage: str = ""
    """Why its workload has no ready pod while it moves; empty when another one serves."""
    placement: Placement = NOT_ASKED
    grace_s: int = _USUAL_GRACE_S
    is_stateful: bool = False
    is_terminating: bool = False

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    @property
    def leaves(self) -> bool:
        """Whether a drain evicts it."""
        return self.fate in (Fate.EVICT, Fate.FINISHED)

    @property
    def is_serving(self) -> bool:
        """Whether it still runs, and nobody asked it to end yet."""
        return self.fate is Fate.EVICT and not self.is_terminating

    @property
    def is_replaced(self) -> bool:
        """Whether its controller will make another in its place, which has to go somewhere."""
        return self.is_serving and not self.unmanaged

    def withheld(self, options: DrainOptions) -> str:
        """Return what is missing for it to be evicted: an option's name and why; empty when nothing is."""
        if not self.is_serving:
            return ""
        if self.unmanaged and not options.force:
            return f"--force is not given, and {self.unmanaged}"
        if self.local_data and not options.delete_local_data:
            return f"--delete-emptydir-data is not given, and it keeps data in {', '.join(self.local_data)}"
        return ""


@dataclass(frozen=True, slots=True)
class DrainPlan:
    """Every pod of a node: those that leave first, in their order, then those that stay."""

    node: str
    pods: tuple[DrainedPod, ...]
    longest_s: float
    """How long it takes when every pod uses its whole grace period and no budget holds it up."""
    unknown: tuple[str, ...] = ()

    @property
    def leaving(self) -> tuple[DrainedPod, ...]:
        """The pods to evict."""
        return tuple(each for each in self.pods if each.leaves)

    @property
    def staying(self) -> tuple[DrainedPod, ...]:
        """The pods that a drain leaves where they are."""
        return tuple(each for each in self.pods if not each.leaves)


def plan_drain(facts: DrainFacts, options: DrainOptions) -> DrainPlan:
    """Return what draining a node would do, from what is known now."""
    name = text(facts.node, "metadata", "name")
    objects = {text(pod, "metadata", "uid"): pod for pod in facts.pods if text(pod, "spec", "nodeName") == name}
    mates = _by_controller(facts.pods)
    judged = [
        _with_outage(judge_pod(pod, facts.budgets, facts.owners, options), pod, mates) for pod in objects.values()
    ]
    leaving = sorted((each for each in judged if each.leaves), key=_order)
    staying = sorted((each for each in judged if not each.leaves), key=lambda each: (each.fate, each.key))
    room = Room(facts.nodes, facts.pods, name, facts.volumes)
    placed = [replace(each, placement=room.place(objects[each.uid])) if each.is_replaced else each for each in leaving]
    return DrainPlan(name, (*placed, *staying), longest_s(placed, options.at_once), facts.unknown)


def judge_pod(
    pod: Object, budgets: Sequence[Object], owners: Mapping[str, Object | None], options: DrainOptions
) -> DrainedPod:
    """Return one pod's fate, without a look at other nodes: what kubectl's drain filters decide, and why."""
    owner = controller_of(pod)
    owner_uid = text(owner, "uid")
    protecting = budgets_of(pod, budgets)
    uid = text(pod, "metadata", "uid")
    grace_s = mapping(pod, "spec").get("terminationGracePeriodSeconds", _USUAL_GRACE_S)
    fate = _fate(pod, owner, owners)
    return DrainedPod(
        namespace=text(pod, "metadata", "namespace"),
        name=text(pod, "metadata", "name"),
        uid=uid,
        fate=fate,
        workload=_workload(owner, owners),
        lane=f"budget {full_name(protecting[0])}" if protecting else owner_uid or uid,
        unmanaged=_unmanaged(owner, owners) if fate is Fate.EVICT else "",
        local_data=tuple(text(each, "name") for each in items(pod, "spec", "volumes") if "emptyDir" in each),
        budgets=tuple(text(each, "metadata", "name") for each in protecting),
        hindrance=hindrance_of(pod, protecting) if fate is Fate.EVICT else None,
        grace_s=0 if fate is Fate.FINISHED else int(grace_s if options.grace_s is None else options.grace_s),
        is_stateful=text(owner, "kind") == "StatefulSet" or bool(claims_of(pod)),
        is_terminating=bool(text(pod, "metadata", "deletionTimestamp")),
    )


def _fate(pod: Object, owner: Object, owners: Mapping[str, Object | None]) -> Fate:
    if MIRROR in mapping(pod, "metadata", "annotations"):
        return Fate.MIRROR
    if text(pod, "status", "phase") in ("Succeeded", "Failed"):
        return Fate.FINISHED
    if text(owner, "kind") == "DaemonSet" and owners.get(text(owner, "uid"), owner) is not None:
        return Fate.DAEMON
    return Fate.EVICT


def _unmanaged(owner: Object, owners: Mapping[str, Object | None]) -> str:
    if not owner:
        return "no controller makes it anew"
    if owners.get(text(owner, "uid"), owner) is None:
        return f"its {text(owner, 'kind')} {text(owner, 'name')} is gone: nothing makes it anew"
    return ""


def _workload(owner: Object, owners: Mapping[str, Object | None]) -> str:
    """Name who wants the pod: the Deployment behind a ReplicaSet where that is known."""
    if not owner:
        return ""
    above = controller_of(owners.get(text(owner, "uid")) or {})
    named = above or owner
    return f"{text(named, 'kind')} {text(named, 'name')}"


def _by_controller(pods: Sequence[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = {}
    for pod in pods:
        if uid := text(controller_of(pod), "uid"):
            found.setdefault(uid, []).append(pod)
    return found


def _with_outage(judged: DrainedPod, pod: Object, mates: Mapping[str, Sequence[Object]]) -> DrainedPod:
    owner = controller_of(pod)
    if not judged.is_replaced or text(owner, "kind") not in _LASTING or not is_ready(pod):
        return judged
    node = text(pod, "spec", "nodeName")
    ready = [
        each for each in mates[text(owner, "uid")] if is_ready(each) and not text(each, "metadata", "deletionTimestamp")
    ]
    if any(text(each, "spec", "nodeName") != node for each in ready):
        return judged
    if len(ready) <= 1:
        return replace(judged, outage=f"the only ready pod of {judged.workload}")
    return replace(judged, outage=f"all {len(ready)} ready pods of {judged.workload} are on this node")


def _order(pod: DrainedPod) -> tuple[bool, bool, bool, bool, str]:
    """What ended goes first, then what others can stand in for, then what causes an outage, what keeps state last.

    A drain that is stopped or stuck half way has then done the harmless half.
    """
    blocked = pod.hindrance is not None
    return (pod.fate is not Fate.FINISHED, pod.is_stateful, blocked, bool(pod.outage), pod.key)


def longest_s(pods: Sequence[DrainedPod], at_once: int) -> float:
    """Return how long these take at most, `at_once` together and those of one lane in turn."""
    free_at = [0.0] * max(1, at_once)
    lanes: dict[str, float] = {}
    end_s = 0.0
    for pod in pods:
        begin_s = max(heapq.heappop(free_at), lanes.get(pod.lane, 0.0))
        lanes[pod.lane] = begin_s + pod.grace_s
        heapq.heappush(free_at, lanes[pod.lane])
        end_s = max(end_s, lanes[pod.lane])
    return end_s
