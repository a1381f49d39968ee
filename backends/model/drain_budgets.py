"""Whether the Eviction API would let a pod go now, and by which disruption budgets it would not.

Source: Kubernetes documentation, "API-initiated Eviction" and the reference of PodDisruptionBudget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.model.diagnosis import Object
from backends.model.fields import amount, condition, mapping, text
from backends.model.preconditions.budgets import never_allows


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a pod would not be evicted now, by the names of its budgets, and whether waiting cannot help."""

    budgets: tuple[str, ...]
    why: str
    for_good: bool = False


def hindrance_of(pod: Object, protecting: Sequence[Object]) -> Hindrance | None:
    """Return why the budgets that protect a pod forbid its eviction now, or None when they do not."""
    phase = text(pod, "status", "phase")
    if not protecting or phase in ("Pending", "Succeeded", "Failed") or text(pod, "metadata", "deletionTimestamp"):
        return None
    names = tuple(text(each, "metadata", "name") for each in protecting)
    if len(names) > 1:
        why = f"{len(names)} budgets protect it ({', '.join(names)}): the API evicts no such pod"
        return Hindrance(names, why, for_good=True)
    budget, name = protecting[0], names[0]
    status = mapping(budget, "status")
    healthy, desired = amount(status, "currentHealthy"), amount(status, "desiredHealthy")
    if not is_ready(pod):
        policy = text(budget, "spec", "unhealthyPodEvictionPolicy")
        if policy == "AlwaysAllow" or healthy >= desired > 0:
            return None
    if amount(status, "observedGeneration") < amount(budget, "metadata", "generation"):
        return Hindrance(names, f"budget {name} has not been counted by its controller yet")
    if amount(status, "disruptionsAllowed") > 0:
        return None
    if never_allows(budget):
        expected = amount(status, "expectedPods")
        why = f"budget {name} wants {desired} of {expected} pods healthy: it never lets one go"
        return Hindrance(names, why, for_good=True)
    return Hindrance(names, f"budget {name} lets none go now: {healthy} healthy, {desired} must be")


def is_ready(pod: Object) -> bool:
    """Whether a pod is ready, which is what a budget counts."""
    return condition(pod, "Ready").get("status") == "True"
