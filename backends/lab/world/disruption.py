"""PodDisruptionBudgets: how many pods of a set may be evicted now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from backends.lab.objects import Change, Object
from backends.lab.world.cluster import Controller, key_of_change
from backends.lab.world.pods import is_finished, is_ready
from backends.lab.world.replicaset import parse_time
from backends.lab.world.shapes import (
    Key,
    controller_of,
    is_deleting,
    key_of,
    scaled,
    selects,
    set_condition,
    with_status,
)

BUDGETS = "poddisruptionbudgets.policy"
_FORGET_EVICTION_S = 120.0  # DeletionTimeout of the real controller
_SCALES = {
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
}


class DisruptionController(Controller):
    """Keeps the status of budgets: the API refuses evictions by it."""

    name: ClassVar[str] = "controllermanager"
    watches: ClassVar[tuple[str, ...]] = (BUDGETS, "pods", "replicasets.apps", "statefulsets.apps")

    def notice(self, change: Change) -> Iterable[Key]:
        if change.resource == BUDGETS:
            yield key_of_change(change)
            return
        if change.revision == 0:
            return  # at the start every budget is looked at anyway
        if change.resource != "pods" and change.before and change.before["spec"] is change.object["spec"]:
            return
        template = change.object if change.resource == "pods" else change.object["spec"]["template"]
        labels = template.get("metadata", {}).get("labels")
        for budget in self.index.in_namespace(BUDGETS, change.object["metadata"]["namespace"]):
            if selects(budget["spec"].get("selector"), labels):
                yield key_of(budget)

    def reconcile(self, key: Key) -> None:
        budget = self.store.find(BUDGETS, *key)
        if budget is None or is_deleting(budget):
            return
        now = self.cluster.now
        pods = [
            pod
            for pod in self.index.in_namespace("pods", key[0])
            if selects(budget["spec"].get("selector"), pod["metadata"].get("labels")) and not is_finished(pod)
        ]
        disrupted = self._disrupted(budget, pods, now)
        names = set(disrupted)
        healthy = sum(is_ready(pod) and not is_deleting(pod) and pod["metadata"]["name"] not in names for pod in pods)
        expected, desired = self._expected(budget["spec"], pods)
        allowed = max(0, healthy - desired) if expected > 0 else 0
        reason = "SufficientPods" if allowed else "InsufficientPods"
        old = budget.get("status") or {}
        status: Object = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
        }
        if self.cluster.minor >= 21:
            status["conditions"] = set_condition(
                old.get("conditions") or [], "DisruptionAllowed", "True" if allowed else "False", reason, "", now
            )
        if disrupted:
            status["disruptedPods"] = disrupted
            self.again(_FORGET_EVICTION_S, key)
        if status != old:
            changed = with_status(budget)
            changed["status"] = status
            self.store.replace(BUDGETS, changed, owned=True)

    def _disrupted(self, budget: Object, pods: Sequence[Object], now: float) -> dict[str, str]:
        """Return evictions that were granted but whose pods are not being deleted yet."""
        granted = budget.get("status", {}).get("disruptedPods") or {}
        alive = {pod["metadata"]["name"] for pod in pods if not is_deleting(pod)}
        return {name: at for name, at in granted.items() if name in alive and now - parse_time(at) < _FORGET_EVICTION_S}

    def _expected(self, spec: Object, pods: Sequence[Object]) -> tuple[int, int]:
        """Return how many pods there should be, and how many must stay healthy."""
        if "maxUnavailable" in spec:
            expected = self._scale_of(pods)
            return expected, max(0, expected - scaled(spec["maxUnavailable"], expected, up=True))
        least = spec.get("minAvailable", 1)
        if str(least).endswith("%"):
            expected = self._scale_of(pods)
            return expected, scaled(least, expected, up=True)
        return len(pods), int(least)

    def _scale_of(self, pods: Sequence[Object]) -> int:
        """Return the replicas asked for by all controllers of these pods."""
        seen: dict[str, int] = {}
        for pod in pods:
            owner = controller_of(pod)
            if owner is None:
                continue
            resource = _SCALES.get(owner["kind"])
            found = self.store.find(resource, pod["metadata"]["namespace"], owner["name"]) if resource else None
            if found is not None:
                seen[owner["uid"]] = found["spec"].get("replicas", 1)
        return sum(seen.values())
