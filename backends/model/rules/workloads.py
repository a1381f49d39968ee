"""What is wrong with a workload: its own conditions first, then the pods that are the cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backends.model.diagnosis import Facts, Finding, Object
from backends.model.fields import amount, condition, full_name, mapping, text
from backends.model.fleet import Severity
from backends.model.rules.pods import diagnose_pod

_PODS_TOLD = 3


def diagnose_deployment(facts: Facts) -> Iterator[Finding]:
    """Yield why a Deployment has not the pods it wants, or does not get on."""
    obj = facts.obj
    progressing, failure = condition(obj, "Progressing"), condition(obj, "ReplicaFailure")
    if text(progressing, "reason") == "ProgressDeadlineExceeded":
        todo = "look at the pods of the newest ReplicaSet; undo the rollout if they cannot run"
        yield Finding(Severity.BAD, "its rollout does not get on", text(progressing, "message"), todo)
    if failure.get("status") == "True":
        yield _cannot_create(text(failure, "message"))
    if mapping(obj, "spec").get("paused"):
        yield Finding(Severity.WARNING, "its rollout is paused", "", "resume it when you are ready")
    yield from _missing(facts, amount(obj, "spec", "replicas", default=1), amount(obj, "status", "availableReplicas"))


def diagnose_replicas(facts: Facts) -> Iterator[Finding]:
    """Yield why a ReplicaSet, ReplicationController or StatefulSet has not the pods it wants."""
    failure = condition(facts.obj, "ReplicaFailure")
    if failure.get("status") == "True":
        yield _cannot_create(text(failure, "message"))
    wanted = amount(facts.obj, "spec", "replicas", default=1)
    yield from _missing(facts, wanted, amount(facts.obj, "status", "readyReplicas"))


def diagnose_daemonset(facts: Facts) -> Iterator[Finding]:
    """Yield on how many nodes a DaemonSet's pod is missing, or runs where it should not."""
    status = mapping(facts.obj, "status")
    yield from _missing(facts, amount(status, "desiredNumberScheduled"), amount(status, "numberReady"), "nodes")
    misplaced = amount(status, "numberMisscheduled")
    if misplaced:
        yield Finding(Severity.WARNING, f"{misplaced} of its pods run on nodes that it should not be on")


def diagnose_job(facts: Facts) -> Iterator[Finding]:
    """Yield why a Job failed, or what its pods are failing of."""
    failed = condition(facts.obj, "Failed")
    if failed.get("status") == "True":
        reason = text(failed, "reason")
        words = {
            "BackoffLimitExceeded": "its pods failed more often than it allows",
            "DeadlineExceeded": "it ran longer than it may",
        }.get(reason, reason or "no reason given")
        yield Finding(Severity.BAD, f"failed: {words}", text(failed, "message"), "read the log of its pods")
    elif amount(facts.obj, "status", "failed"):
        count, limit = amount(facts.obj, "status", "failed"), amount(facts.obj, "spec", "backoffLimit", default=6)
        yield Finding(Severity.WARNING, f"{count} of its pods failed, {limit} may", "", "read the log of its pods")
    if condition(facts.obj, "Complete").get("status") != "True":
        yield from _of_pods(facts)


def _missing(facts: Facts, wanted: int, have: int, what: str = "pods") -> Iterator[Finding]:
    if wanted == 0:
        yield Finding(Severity.INFO, "wants no pods" if what == "pods" else "no node is meant to run it")
        return
    if have >= wanted:
        return
    severity = Severity.BAD if not have else Severity.WARNING
    words = f"{have} of {wanted} pods are ready" if what == "pods" else f"ready on {have} of {wanted} nodes"
    yield Finding(severity, words)
    if not facts.pods:
        event = next((each for each in reversed(facts.events) if each.get("reason") == "FailedCreate"), None)
        if event:
            yield _cannot_create(text(event, "message"))
        return
    yield from _of_pods(facts)


def _of_pods(facts: Facts) -> Iterator[Finding]:
    """The causes, one pod for each: ten pods that crash alike are told once, with their number."""
    told: dict[str, tuple[Finding, list[str]]] = {}
    for pod in facts.pods:
        for finding in diagnose_pod(Facts(pod, facts.now, _events_of(pod, facts.events))):
            if finding.severity not in (Severity.BAD, Severity.WARNING):
                continue
            told.setdefault(finding.text, (finding, []))[1].append(full_name(pod))
    for finding, names in list(told.values())[:_PODS_TOLD]:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield replace(finding, text=f"pod {names[0]}{more}: {finding.text}")


def _events_of(pod: Object, events: Sequence[Object]) -> list[Object]:
    uid = text(pod, "metadata", "uid")
    return [event for event in events if text(event, "involvedObject", "uid") == uid]


def _cannot_create(message: str) -> Finding:
    if "exceeded quota" in message:
        todo = "raise the quota of the namespace, or lower what is asked for"
        return Finding(Severity.BAD, "its pods would exceed a quota", message, todo)
    if "forbidden" in message:
        todo = "see which policy, limit range or missing service account refuses"
        return Finding(Severity.BAD, "its pods are refused by the API", message, todo)
    return Finding(Severity.BAD, "its pods cannot be created", message, "correct its pod template")
