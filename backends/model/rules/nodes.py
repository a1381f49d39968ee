"""What is wrong with a node."""

from __future__ import annotations

from collections.abc import Iterator

from backends.model.age import format_duration
from backends.model.diagnosis import Facts, Finding
from backends.model.fields import condition, items, mapping, text, time_at
from backends.model.fleet import Severity

_STALE_S = 600.0
"""The kubelet writes its status at least every five minutes (nodeStatusReportFrequency)."""
_SKEW_S = 60.0
_PRESSURE = {
    "MemoryPressure": ("memory", "find what uses it: pods are being evicted"),
    "DiskPressure": ("disk space", "remove images and logs: pods are being evicted"),
    "PIDPressure": ("process ids", "find what starts so many processes"),
}


def diagnose_node(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps a node from taking or running pods."""
    yield from _readiness(facts)
    yield from _pressure(facts)
    if mapping(facts.obj, "spec").get("unschedulable"):
        yield Finding(Severity.WARNING, "cordoned: no new pod is placed here", "", "uncordon it when its work is done")
    yield from _taints(facts)
    yield from _heartbeat(facts)


def _readiness(facts: Facts) -> Iterator[Finding]:
    ready = condition(facts.obj, "Ready")
    if ready.get("status") == "True":
        return
    since = time_at(ready, "lastTransitionTime")
    lasting = f" for {format_duration(facts.now - since)}" if since else ""
    message = text(ready, "message")
    if not ready:
        yield Finding(
            Severity.BAD, "its kubelet never reported", "", "see whether the kubelet runs and can reach the API"
        )
    elif ready.get("status") == "Unknown":
        todo = "see whether the machine runs, then its kubelet and its way to the API"
        yield Finding(Severity.BAD, f"its kubelet has not been heard of{lasting}", message, todo)
    else:
        reason = text(ready, "reason") or "no reason given"
        yield Finding(Severity.BAD, f"not ready{lasting}: {reason}", message, "read the kubelet's log on the node")


def _pressure(facts: Facts) -> Iterator[Finding]:
    for kind, (what, todo) in _PRESSURE.items():
        found = condition(facts.obj, kind)
        if found.get("status") == "True":
            yield Finding(Severity.BAD, f"runs out of {what}", text(found, "message"), todo)
    network = condition(facts.obj, "NetworkUnavailable")
    if network.get("status") == "True":
        todo = "look at the network plugin's pod on this node"
        yield Finding(Severity.BAD, "its pod network is not set up", text(network, "message"), todo)


def _taints(facts: Facts) -> Iterator[Finding]:
    known = ("node.kubernetes.io/unschedulable", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    for taint in items(facts.obj, "spec", "taints"):
        key, effect = text(taint, "key"), text(taint, "effect")
        if effect in ("NoSchedule", "NoExecute") and not key.startswith(known) and "master" not in key:
            if "control-plane" in key:
                continue
            value = f"={text(taint, 'value')}" if taint.get("value") else ""
            what = "pods are driven away" if effect == "NoExecute" else "new pods stay away"
            yield Finding(Severity.INFO, f"tainted {key}{value}: {what} unless they tolerate it", effect)


def _heartbeat(facts: Facts) -> Iterator[Finding]:
    ready = condition(facts.obj, "Ready")
    beat = time_at(ready, "lastHeartbeatTime")
    if not beat:
        return
    if beat - facts.now > _SKEW_S:
        ahead = format_duration(beat - facts.now)
        yield Finding(Severity.WARNING, f"its clock is {ahead} ahead of ours", text(ready, "lastHeartbeatTime"), _CLOCK)
    elif facts.now - beat > _STALE_S and ready.get("status") == "True":
        ago = format_duration(facts.now - beat)
        todo = "if this goes on, look at its kubelet; or the clocks differ"
        yield Finding(Severity.WARNING, f"its last heartbeat is {ago} old", text(ready, "lastHeartbeatTime"), todo)


_CLOCK = "check time synchronisation on the node and here"
