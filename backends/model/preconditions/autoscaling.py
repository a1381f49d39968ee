"""Rules about an autoscaler: whether it could measure what it goes by, and what it would do at once."""

from __future__ import annotations

from backends.model.change import Target
from backends.model.diagnosis import Object
from backends.model.fields import amount, items, mapping, text
from backends.model.proposal import Finding, Level

METRICS = "metrics-served"
REQUESTS = "cpu-requested"
LIMITS = "replicas-within"


def autoscale_findings(
    workload: Object, target: Target, limits: tuple[int, int], *, metrics_served: bool, stamp: str
) -> list[Finding]:
    """Return what speaks against letting an autoscaler keep `limits` (least, most) replicas of a workload.

    Warnings all: the autoscaler itself says why it does not scale, and scales once that is mended.
    """
    found = [
        Finding(METRICS, Level.PASS, "metrics.k8s.io is served", stamp)
        if metrics_served
        else Finding(METRICS, Level.WARN, "metrics.k8s.io is not served: it cannot scale until it is", stamp)
    ]
    containers = items(workload, "spec", "template", "spec", "containers")
    bare = [
        text(each, "name") for each in containers if "cpu" not in mapping(each, "resources", "requests")
        and "cpu" not in mapping(each, "resources", "limits")
    ]  # fmt: skip
    if bare:
        said = f"{', '.join(bare)} requests no CPU: a percentage of nothing cannot be measured"
        found.append(Finding(REQUESTS, Level.WARN, said, stamp))
    else:
        found.append(Finding(REQUESTS, Level.PASS, "every container requests CPU", stamp))
    have, (least, most) = amount(workload, "spec", "replicas", default=1), limits
    if have > most or (have < least and have):
        towards = most if have > most else least
        found.append(Finding(LIMITS, Level.WARN, f"{target} is scaled from {have} to {towards} at once", stamp))
    elif not have:
        found.append(Finding(LIMITS, Level.WARN, f"{target} has no replicas: autoscaling is off at zero", stamp))
    return found
