"""What is wrong with autoscalers, services, disruption budgets, claims and whatever else has conditions."""

from __future__ import annotations

from collections.abc import Iterator

from backends.model.age import format_duration
from backends.model.conditions import conditions_of
from backends.model.diagnosis import Facts, Finding
from backends.model.fields import amount, items, mapping, text, time_at
from backends.model.fleet import Severity

_STUCK_S = 30.0


def diagnose_autoscaler(facts: Facts) -> Iterator[Finding]:
    """Yield why a HorizontalPodAutoscaler does not scale."""
    conditions = {text(each, "type"): each for each in conditions_of(facts.obj)}
    active, able = conditions.get("ScalingActive", {}), conditions.get("AbleToScale", {})
    if active.get("status") == "False":
        yield _inactive(text(active, "reason"), text(active, "message"))
    if able.get("status") == "False":
        todo = "see whether the target exists and may be scaled"
        yield Finding(Severity.BAD, f"cannot scale its target: {text(able, 'reason')}", text(able, "message"), todo)
    wanted, most = amount(facts.obj, "status", "desiredReplicas"), amount(facts.obj, "spec", "maxReplicas")
    limited = conditions.get("ScalingLimited", {})
    if most and wanted >= most and text(limited, "reason") != "TooFewReplicas":
        todo = "raise its maximum if the nodes have room"
        yield Finding(Severity.WARNING, f"at its maximum of {most} pods", text(limited, "message"), todo)


def _inactive(reason: str, message: str) -> Finding:
    if reason == "ScalingDisabled":
        return Finding(Severity.INFO, "does not scale: its target wants no pods", message)
    if "missing request" in message:
        todo = "give every container of its target a CPU request"
        return Finding(Severity.BAD, "does not scale: containers of its target request nothing", message, todo)
    if reason.startswith("FailedGet"):
        todo = "see whether metrics-server runs and answers (kubectl top pods)"
        return Finding(Severity.BAD, "does not scale: it gets no metrics", message, todo)
    return Finding(Severity.BAD, f"does not scale: {reason or 'no reason given'}", message)


def diagnose_service(facts: Facts) -> Iterator[Finding]:
    """Yield why nobody answers behind a Service."""
    spec = mapping(facts.obj, "spec")
    if spec.get("type") == "ExternalName":
        return
    if spec.get("type") == "LoadBalancer" and not items(facts.obj, "status", "loadBalancer", "ingress"):
        todo = "look at its events and at the cloud provider of the cluster"
        yield Finding(Severity.WARNING, "has no external address yet", "", todo)
    if facts.endpoints is None or not spec.get("selector"):
        return
    subsets = items(facts.endpoints, "subsets")
    ready = sum(len(each.get("addresses") or []) for each in subsets)
    waiting = sum(len(each.get("notReadyAddresses") or []) for each in subsets)
    if ready:
        return
    if waiting:
        words = f"none of its {waiting} pods is ready: nobody answers behind it"
        yield Finding(Severity.BAD, words, "", "see why its pods are not ready")
    else:
        selector = ",".join(f"{key}={value}" for key, value in mapping(spec, "selector").items())
        todo = "compare its selector with the labels of the pods; see whether the workload wants any"
        yield Finding(Severity.BAD, "no pod has its labels: nobody answers behind it", selector, todo)


def diagnose_budget(facts: Facts) -> Iterator[Finding]:
    """Yield whether a PodDisruptionBudget lets no pod be evicted, which stops a drain."""
    status = mapping(facts.obj, "status")
    if "disruptionsAllowed" not in status or amount(status, "disruptionsAllowed") > 0:
        return
    healthy, needed = amount(status, "currentHealthy"), amount(status, "desiredHealthy")
    expected = amount(status, "expectedPods")
    if not expected:
        yield Finding(Severity.INFO, "protects no pods: none has its labels")
    elif healthy <= needed:
        words = f"lets no pod be evicted: {healthy} of {expected} are healthy and {needed} must stay"
        todo = "add a replica, or repair the unhealthy ones, before draining a node"
        yield Finding(Severity.WARNING, words, "", todo)


def diagnose_claim(facts: Facts) -> Iterator[Finding]:
    """Yield why a PersistentVolumeClaim is not bound."""
    phase = text(facts.obj, "status", "phase")
    if phase == "Lost":
        yield Finding(Severity.BAD, "the volume behind it is gone", text(facts.obj, "spec", "volumeName"))
    if phase != "Pending":
        return
    event = facts.events[-1] if facts.events else {}
    reason = text(event, "reason")
    if reason == "WaitForFirstConsumer":
        yield Finding(Severity.INFO, "waits for the first pod that uses it", text(event, "message"))
        return
    storage_class = text(facts.obj, "spec", "storageClassName") or "the default"
    since = time_at(facts.obj, "metadata", "creationTimestamp")
    lasting = f" for {format_duration(facts.now - since)}" if since else ""
    todo = f"see whether storage class {storage_class} exists and its provisioner works"
    yield Finding(Severity.BAD, f"not bound{lasting}{f': {reason}' if reason else ''}", text(event, "message"), todo)


def diagnose_deletion(facts: Facts) -> Iterator[Finding]:
    """Yield whether an object that should be gone is held by finalizers."""
    metadata = mapping(facts.obj, "metadata")
    deadline = time_at(metadata, "deletionTimestamp")
    finalizers = metadata.get("finalizers") or mapping(facts.obj, "spec").get("finalizers") or []
    if deadline and finalizers and facts.now - deadline > _STUCK_S:
        lasting, names = format_duration(facts.now - deadline), ", ".join(str(each) for each in finalizers)
        todo = "find the controller that owns the finalizer and why it does not finish"
        yield Finding(Severity.BAD, f"deletion waits for finalizers for {lasting}", names, todo)


def diagnose_any(facts: Facts) -> Iterator[Finding]:
    """Yield what the conditions of an object of any kind say."""
    for each in items(facts.obj, "status", "conditions"):
        if text(each, "type") in ("Ready", "Available", "Healthy") and text(each, "status") == "False":
            reason = text(each, "reason")
            words = f"not {text(each, 'type').lower()}{f': {reason}' if reason else ''}"
            yield Finding(Severity.BAD, words, text(each, "message"))
