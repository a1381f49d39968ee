"""Rules about how many replicas of a workload there are, and who sets their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.model.change import Target
from backends.model.diagnosis import Object
from backends.model.fields import amount, full_name, text
from backends.model.proposal import Finding, Level

SINGLE_REPLICA = "single-replica"
AUTOSCALED = "autoscaled"
_NAMED = 4


def single_replica(workloads: Iterable[Object], stamp: str) -> Finding:
    """Warn of workloads of one replica among those whose pods will stop: each is away until its pod runs elsewhere.

    `workloads` are Deployments, StatefulSets and ReplicaSets as the API sends them; those that want no pod are
    not counted. A single replica warns and does not refuse: it is how the workload was built, and waiting
    mends nothing.
    """
    single = [full_name(each) for each in workloads if amount(each, "spec", "replicas", default=1) == 1]
    if not single:
        return Finding(SINGLE_REPLICA, Level.PASS, "every workload touched has more than one replica", stamp)
    verb = "has" if len(single) == 1 else "have"
    return Finding(SINGLE_REPLICA, Level.WARN, f"{named(single)} {verb} one replica: away until it runs again", stamp)


def replicas_left(target: Target, left: int, stamp: str) -> Finding:
    """Judge how many replicas a smaller scale leaves: none refuses, one warns."""
    if left == 0:
        evidence = f"no replica of {target} is left: it serves nothing on this stamp"
        return Finding(SINGLE_REPLICA, Level.REFUSE, evidence, stamp)
    if left == 1:
        evidence = f"one replica of {target} is left: its next restart is an outage on this stamp"
        return Finding(SINGLE_REPLICA, Level.WARN, evidence, stamp)
    return Finding(SINGLE_REPLICA, Level.PASS, f"{left} replicas of {target} are left", stamp)


def autoscaled(scalers: Iterable[Object], target: Target, stamp: str) -> Finding | None:
    """Warn when a HorizontalPodAutoscaler sets the target's replicas: it will undo what is set by hand.

    `scalers` are those of the target's namespace; None when none is about it.
    """
    kind = target.kind.partition(".")[0].lower()
    for scaler in scalers:
        wants = scaler.get("spec", {}).get("scaleTargetRef")
        if text(wants, "kind").lower() != kind or text(wants, "name") != target.name:
            continue
        least, most = amount(scaler, "spec", "minReplicas", default=1), amount(scaler, "spec", "maxReplicas")
        name = text(scaler, "metadata", "name")
        evidence = f"HorizontalPodAutoscaler {name} keeps it between {least} and {most}, and will set it again"
        return Finding(AUTOSCALED, Level.WARN, evidence, stamp)
    return None


def named(names: Sequence[str]) -> str:
    """Return names as a sentence has them, the first few of many."""
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
