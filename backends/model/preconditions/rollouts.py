"""Rules about replacing the pods of a workload: whether some of them serve meanwhile, and what is going on."""

from __future__ import annotations

from backends.model.change import Target
from backends.model.diagnosis import Object
from backends.model.fields import amount, mapping, text
from backends.model.proposal import Finding, Level
from backends.model.rollout import rollout_of

REPLACED = "pods-replaced"
PAUSED = "rollout-paused"
GOING_ON = "rollout-going-on"


def rollout_findings(obj: Object, target: Target, stamp: str) -> list[Finding]:
    """Return what speaks against a rollout of this workload now.

    Replacing all pods at once refuses, a single replica warns; a paused rollout refuses for good, since nothing
    would happen; one that is not over warns.
    """
    found = [_replacing(obj, target, stamp)]
    if text(obj, "kind") == "Deployment" and mapping(obj, "spec").get("paused"):
        said = f"the rollout of {target} is paused: nothing would happen until it is resumed"
        found.append(Finding(PAUSED, Level.REFUSE, said, stamp, overridable=False))
    rollout = rollout_of(obj)
    if not rollout.done:
        said = f"another rollout of {target} is not over: {rollout.failed or rollout.text}"
        found.append(Finding(GOING_ON, Level.WARN, said, stamp))
    return found


def _replacing(obj: Object, target: Target, stamp: str) -> Finding:
    kind, replicas = text(obj, "kind"), amount(obj, "spec", "replicas", default=1)
    if kind == "Deployment" and text(obj, "spec", "strategy", "type") == "Recreate":
        said = f"{target} stops all its pods before it starts new ones (strategy Recreate)"
        return Finding(REPLACED, Level.REFUSE if replicas else Level.PASS, said, stamp)
    if kind == "StatefulSet" and replicas == 1:
        return Finding(REPLACED, Level.WARN, f"{target} has one replica: away until its new pod is ready", stamp)
    if kind == "Deployment":
        least = replicas - _share(obj, "maxUnavailable", replicas, up=False)
        if replicas and least <= 0:
            said = f"{target} may stop all of its {replicas} replicas at once (maxUnavailable)"
            return Finding(REPLACED, Level.WARN, said, stamp)
        return Finding(REPLACED, Level.PASS, f"at least {least} of {replicas} replicas stay available", stamp)
    return Finding(REPLACED, Level.PASS, "its pods are replaced one after another", stamp)


def _share(obj: Object, key: str, replicas: int, *, up: bool) -> int:
    """Return maxSurge or maxUnavailable as a number of pods; 25 % when it is not set, as the API defaults it."""
    value = mapping(obj, "spec", "strategy", "rollingUpdate").get(key, "25%")
    if isinstance(value, int):
        return value
    percent = str(value).rstrip("%")
    if not percent.isdigit():
        return 0
    share = replicas * int(percent)
    return -(-share // 100) if up else share // 100
