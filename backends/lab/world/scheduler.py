"""The scheduler: pods to nodes that have room and are willing, with the real one's words when none is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.quantities import quantity
from backends.lab.world.affinity import PodAffinity
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.pods import cpu_request, is_finished, memory_request, pod_condition
from backends.lab.world.shapes import Key, condition, controller_of, is_deleting, selects, with_status


class Scheduler(Controller):
    """Binds pending pods; those that fit nowhere wait for a change of nodes or pods."""

    name: ClassVar[str] = "default-scheduler"
    watches: ClassVar[tuple[str, ...]] = ("pods", "nodes")

    def __init__(self, *arguments: object) -> None:
        self._waiting: set[Key] = set()
        super().__init__(*arguments)  # type: ignore[arg-type]

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == "nodes":
            return tuple(self._waiting) if _opens_room(change) else ()
        if change.type == "DELETED" or is_finished(change.object):
            self._waiting.discard(key_of_change(change))
            return tuple(self._waiting)
        if not change.object["spec"].get("nodeName"):
            return (key_of_change(change),)
        return ()

    def reconcile(self, key: Key) -> None:
        self._waiting.discard(key)
        pod = self.store.find("pods", *key)
        if pod is None or pod["spec"].get("nodeName") or is_deleting(pod) or is_finished(pod):
            return
        if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler" or pod["spec"].get(
            "schedulingGates"
        ):
            return
        nodes = list(self.store.each("nodes"))
        neighbours = PodAffinity(self.store, self.index, pod)
        refusals: Counter[str] = Counter()
        unhelped = 0
        fitting = []
        for node in nodes:
            reasons = self._refusals(pod, node, neighbours)
            if not reasons:
                fitting.append(node)
            refusals.update(reasons)
            unhelped += any(not each.startswith(_PREEMPTIBLE) for each in reasons)
        if fitting:
            self._bind(pod, self._best(pod, fitting, neighbours))
        else:
            self._park(pod, key, len(nodes), refusals, unhelped)

    def _refusals(self, pod: Object, node: Object, neighbours: PodAffinity) -> list[str]:
        """Return what the first filter that refuses a node says, nothing when all accept it."""
        spec, meta = node["spec"], node["metadata"]
        if spec.get("unschedulable") and not tolerates(pod, _UNSCHEDULABLE):
            return ["node(s) were unschedulable"]
        for taint in spec.get("taints") or ():
            if taint["effect"] != "PreferNoSchedule" and not tolerates(pod, taint):
                shown = f"{{{taint['key']}: {taint.get('value', '')}}}"
                return [
                    f"node(s) had untolerated taint {shown}"
                    if self.cluster.minor >= 24
                    else f"node(s) had taint {shown}, that the pod didn't tolerate"
                ]
        if not _wants(pod["spec"], meta.get("labels") or {}):
            return [f"node(s) didn't match Pod's node affinity{'/selector' if self.cluster.minor >= 21 else ''}"]
        if short := self._shortages(pod, node):
            return short
        reason = neighbours.refusal(meta["name"])
        if not reason:
            return []
        # Before 1.22 the plugin also gave its one old sentence.
        return [reason] if self.cluster.minor >= 22 else ["node(s) didn't match pod affinity/anti-affinity", reason]

    def _shortages(self, pod: Object, node: Object) -> list[str]:
        """Return what a node has too little of."""
        allocatable = node.get("status", {}).get("allocatable") or {}
        use = self.index.use[node["metadata"]["name"]]
        short = []
        if use.pods + 1 > int(allocatable.get("pods", 110)):
            short.append("Too many pods")
        if use.cpu + cpu_request(pod) > quantity(str(allocatable.get("cpu", "0"))) + 1e-9:
            short.append("Insufficient cpu")
        if use.memory + memory_request(pod) > quantity(str(allocatable.get("memory", "0"))):
            short.append("Insufficient memory")
        return short

    def _best(self, pod: Object, nodes: Sequence[Object], neighbours: PodAffinity) -> Object:
        owner = controller_of(pod)

        def score(node: Object) -> tuple[int, int, float, str]:
            name = node["metadata"]["name"]
            allocatable = node["status"]["allocatable"]
            use = self.index.use[name]
            same = 0
            if owner is not None:
                mates = self.index.owned(owner["uid"], "pods")
                same = sum(mate["spec"].get("nodeName") == name for mate in mates)
            liked = neighbours.preference(name) + _preference(pod["spec"], node["metadata"].get("labels") or {})
            share = use.cpu / max(quantity(str(allocatable["cpu"])), 0.001)
            return -liked, same, round(share + use.pods / 1000, 4), name

        return min(nodes, key=score)

    def _bind(self, pod: Object, node: Object) -> None:
        namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        where = node["metadata"]["name"]
        conditions = [each for each in pod["status"].get("conditions", ()) if each["type"] != "PodScheduled"]
        conditions.append(pod_condition("PodScheduled", True, self.cluster.now))
        bound = with_status(pod, conditions=conditions)
        bound["spec"] = {**pod["spec"], "nodeName": where}
        bound = self.store.replace("pods", bound, owned=True)
        self.record(bound, "Scheduled", f"Successfully assigned {namespace}/{name} to {where}")

    def _park(self, pod: Object, key: Key, nodes: int, refusals: Counter[str], unhelped: int) -> None:
        self._waiting.add(key)
        reasons = ", ".join(sorted(f"{count} {reason}" for reason, count in refusals.items()))
        message = f"0/{nodes} nodes are available: {reasons}." if nodes else "no nodes available to schedule pods"
        if nodes and self.cluster.minor >= 24:
            helpless = "No preemption victims found for incoming pod"
            parts = {helpless: nodes - unhelped, "Preemption is not helpful for scheduling": unhelped}
            shown = ", ".join(sorted(f"{count} {text}" for text, count in parts.items() if count))
            message += f" preemption: 0/{nodes} nodes are available: {shown}."
        current = condition(pod, "PodScheduled")
        if current is None or current.get("message") != message:
            others = [each for each in pod["status"].get("conditions", ()) if each["type"] != "PodScheduled"]
            told = pod_condition("PodScheduled", False, self.cluster.now, "Unschedulable", message)
            pod = self.store.replace("pods", with_status(pod, conditions=[*others, told]), owned=True)
            self.record(pod, "FailedScheduling", message, warning=True)
        self.again(60.0, key)


_PREEMPTIBLE = ("Insufficient ", "Too many pods", "node(s) didn't match pod anti-affinity", "node(s) didn't satisfy")
"""Beginnings of the reasons that go away when other pods do."""
_UNSCHEDULABLE: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def tolerates(pod: Object, taint: Object) -> bool:
    """Return whether the pod tolerates a taint (for however long)."""
    return toleration_of(pod, taint) is not None


def toleration_of(pod: Object, taint: Object) -> Object | None:
    """Return the first toleration that covers a taint."""
    for each in pod["spec"].get("tolerations") or ():
        if each.get("effect") and each["effect"] != taint["effect"]:
            continue
        if not each.get("key"):
            if each.get("operator") == "Exists":
                return dict(each)
            continue
        if each["key"] != taint["key"]:
            continue
        if each.get("operator", "Equal") == "Exists" or each.get("value", "") == taint.get("value", ""):
            return dict(each)
    return None


def _wants(spec: Object, labels: dict[str, str]) -> bool:
    """Return whether nodeSelector and required node affinity accept a node with these labels."""
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(
        selects({"matchExpressions": term.get("matchExpressions") or ()}, labels)
        for term in required.get("nodeSelectorTerms") or ()
    )


def _preference(spec: Object, labels: dict[str, str]) -> int:
    """Return the sum of the weights of preferred node affinity terms that these labels meet."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return sum(
        int(each.get("weight", 1))
        for each in terms
        if selects({"matchExpressions": each["preference"].get("matchExpressions") or ()}, labels)
    )


def _opens_room(change: Change) -> bool:
    before, after = change.before, change.object
    if before is None:
        return True
    changed = (
        before["spec"] != after["spec"],
        before["metadata"].get("labels") != after["metadata"].get("labels"),
        before.get("status", {}).get("allocatable") != after.get("status", {}).get("allocatable"),
    )
    return any(changed)
