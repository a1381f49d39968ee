"""What is wrong with a pod."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence

from backends.model.age import format_duration
from backends.model.diagnosis import Facts, Finding, Object
from backends.model.fields import amount, condition, items, mapping, text, time_at
from backends.model.fleet import Severity

_SLOW_START_S = 120.0
_STUCK_S = 30.0
_RECENT_S = 900.0
_IMAGE = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ImageInspectError", "ErrImageNeverPull"})
_BROKEN = frozenset({"CreateContainerError", "RunContainerError", "ContainerCannotRun", "StartError"})
_MOUNT = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
_SANDBOX = frozenset({"FailedCreatePodSandBox", "NetworkNotReady", "FailedKillPod"})
_EXITS = {
    1: "the program reported an error",
    2: "the program was called wrongly",
    126: "the command cannot be executed",
    127: "the command was not found in the image",
}


def diagnose_pod(facts: Facts) -> Iterator[Finding]:
    """Yield what keeps a pod from doing its work, the cause before its consequences."""
    pod = facts.obj
    if pod.get("metadata", {}).get("deletionTimestamp"):
        yield from _terminating(pod, facts.now)
        return
    yield from _phase(pod)
    yield from _scheduling(pod)
    yield from _blocked_start(facts)
    statuses = items(pod, "status", "initContainerStatuses")
    for status in statuses:
        yield from _container(status, facts, "init container")
    for status in items(pod, "status", "containerStatuses"):
        yield from _container(status, facts, "container")


def _terminating(pod: Object, now: float) -> Iterator[Finding]:
    deadline = time_at(pod, "metadata", "deletionTimestamp")
    late_s = now - deadline
    if late_s < _STUCK_S:
        return
    finalizers = mapping(pod, "metadata").get("finalizers") or []
    if finalizers:
        yield Finding(
            Severity.BAD,
            f"deletion waits for finalizers for {format_duration(late_s)}",
            ", ".join(str(each) for each in finalizers),
            "find the controller that owns the finalizer and why it does not finish",
        )
    else:
        node = text(pod, "spec", "nodeName")
        yield Finding(
            Severity.BAD,
            f"still there {format_duration(late_s)} after it should have ended",
            f"node {node}" if node else "",
            "see whether its node is ready: a kubelet that does not answer confirms no deletion",
        )


def _phase(pod: Object) -> Iterator[Finding]:
    phase, reason, message = (text(pod, "status", key) for key in ("phase", "reason", "message"))
    if reason == "Evicted":
        yield Finding(Severity.BAD, "evicted from its node", message, "free the resource, then delete this pod")
    elif phase == "Unknown" or reason == "NodeLost":
        node = text(pod, "spec", "nodeName")
        yield Finding(Severity.BAD, f"its node {node} is lost", message, "look at the node")
    elif phase == "Failed" and reason:
        yield Finding(Severity.BAD, f"failed: {reason}", message, "see why its node refused or ended it")
    disrupted = condition(pod, "DisruptionTarget")
    if disrupted.get("status") == "True":
        why = text(disrupted, "reason")
        yield Finding(Severity.WARNING, f"is being moved away: {why}", text(disrupted, "message"))


def _scheduling(pod: Object) -> Iterator[Finding]:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") != "False":
        return
    message = text(scheduled, "message")
    reasons = unschedulable_reasons(message)
    what = ", ".join(reasons) or message or text(scheduled, "reason") or "no reason given"
    yield Finding(Severity.BAD, f"no node takes it: {what}", message, _schedule_todo(message))


def unschedulable_reasons(message: str) -> list[str]:
    """Return the scheduler's reasons with their number of nodes: `3 Insufficient cpu`."""
    _, _, reasons = message.partition("nodes are available: ")
    reasons = reasons.split(". preemption:")[0].split(" preemption:")[0]
    parts = re.split(r", (?=\d+ )", reasons)
    return [part.strip().rstrip(".") for part in parts if part.strip()]


def _schedule_todo(message: str) -> str:
    for needle, todo in (
        ("Insufficient", "lower its requests, remove other pods, or add a node"),
        ("unschedulable", "uncordon a node"),
        ("didn't match", "compare its nodeSelector and affinity with the labels of the nodes"),
        ("taint", "tolerate the taint, or find out why the nodes have it"),
        ("volume", "look at its persistent volume claims"),
        ("PersistentVolumeClaim", "look at its persistent volume claims"),
    ):
        if needle in message:
            return todo
    return "compare what it asks for with what the nodes offer"


def _blocked_start(facts: Facts) -> Iterator[Finding]:
    """A pod on a node whose containers do not come to be: volumes or the sandbox."""
    statuses = items(facts.obj, "status", "containerStatuses")
    creating = [each for each in statuses if text(each, "state", "waiting", "reason") == "ContainerCreating"]
    if not creating and statuses:
        return
    event = _last_event(facts, _MOUNT)
    if event:
        yield Finding(
            Severity.BAD,
            f"a volume cannot be mounted ({text(event, 'reason')})",
            text(event, "message"),
            "look at the claim, the secret or the config map it names",
        )
    event = _last_event(facts, _SANDBOX)
    if event:
        reason = text(event, "reason")
        yield Finding(
            Severity.BAD, f"the node cannot prepare it ({reason})", text(event, "message"), "look at its node"
        )
    since = time_at(condition(facts.obj, "PodScheduled"), "lastTransitionTime")
    if creating and since and facts.now - since > _SLOW_START_S and not _last_event(facts, _MOUNT | _SANDBOX):
        waited = format_duration(facts.now - since)
        yield Finding(Severity.WARNING, f"its containers are being created for {waited}", "", "look at its events")


def _container(status: Object, facts: Facts, what: str) -> Iterator[Finding]:
    name = f"{what} {text(status, 'name')}"
    waiting, terminated = mapping(status, "state", "waiting"), mapping(status, "state", "terminated")
    reason = text(waiting, "reason")
    if reason in _IMAGE:
        yield _image(name, status, facts)
    elif reason == "CrashLoopBackOff":
        yield _crash_loop(name, status, what)
    elif reason == "CreateContainerConfigError":
        todo = "create the config map or secret it names, or correct the name"
        yield Finding(Severity.BAD, f"{name} cannot be configured", text(waiting, "message"), todo)
    elif reason in _BROKEN:
        yield Finding(
            Severity.BAD, f"{name} cannot be started ({reason})", text(waiting, "message"), "check its command"
        )
    elif terminated and amount(terminated, "exitCode") != 0:
        yield Finding(Severity.BAD, f"{name} ended: {exit_words(terminated)}", text(terminated, "message"), _LOG)
    elif "running" in mapping(status, "state") and what == "container":
        yield from _running(name, status, facts)


_LOG = "read the log of the previous container"


def _image(name: str, status: Object, facts: Facts) -> Finding:
    image = text(status, "image")
    event = _last_event(facts, frozenset({"Failed"}), containing="pull")
    evidence = text(event, "message") if event else text(status, "state", "waiting", "message")
    lower = evidence.lower()
    if "not found" in lower or "manifest unknown" in lower:
        todo = "the registry has no such image or tag: correct it"
    elif any(word in lower for word in ("unauthorized", "denied", "authentication")):
        todo = "the registry refuses: check the image pull secret"
    else:
        todo = "check the image's name, the registry, and the way to it from the node"
    return Finding(Severity.BAD, f"{name} cannot get its image {image}", evidence, todo)


def _crash_loop(name: str, status: Object, what: str) -> Finding:
    last = mapping(status, "lastState", "terminated")
    words = exit_words(last) if last else "its end is not recorded"
    count = amount(status, "restartCount")
    then = ": the pod cannot start before it succeeds" if what == "init container" else ""
    todo = "raise its memory limit or find the leak" if last.get("reason") == "OOMKilled" else _LOG
    return Finding(Severity.BAD, f"{name} keeps crashing, {count} restarts: {words}{then}", text(last, "message"), todo)


def exit_words(terminated: Object) -> str:
    """Return how a container ended: OOMKilled, a signal by name, or an exit code and what it usually means."""
    code, reason = amount(terminated, "exitCode"), text(terminated, "reason")
    number = amount(terminated, "signal") or (code - 128 if 128 < code < 160 else 0)
    if reason == "OOMKilled":
        return f"it needed more memory than its limit (OOMKilled, exit code {code})"
    if number:
        return f"killed by {_signal_name(number)} (exit code {code or 128 + number})"
    hint = _EXITS.get(code)
    return f"exit code {code}{f', {hint}' if hint else ''}{f' ({reason})' if reason not in ('', 'Error') else ''}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _running(name: str, status: Object, facts: Facts) -> Iterator[Finding]:
    started = time_at(status, "state", "running", "startedAt")
    if not status.get("ready"):
        event = _last_event(facts, frozenset({"Unhealthy"}), containing="Readiness")
        if event:
            todo = "ask the probe's path yourself, and see whether what it depends on answers"
            yield Finding(Severity.BAD, f"{name} runs but fails its readiness probe", text(event, "message"), todo)
        else:
            since = f" for {format_duration(facts.now - started)}" if started else ""
            yield Finding(
                Severity.WARNING, f"{name} runs but is not ready{since}", "", "look at its log and its events"
            )
    last = mapping(status, "lastState", "terminated")
    ended = time_at(last, "finishedAt")
    if last and ended and facts.now - ended < _RECENT_S:
        ago = format_duration(facts.now - ended)
        words = f"{name} was restarted {ago} ago: {exit_words(last)}"
        event = _last_event(facts, frozenset({"Unhealthy"}), containing="Liveness")
        yield Finding(Severity.WARNING, words, text(event, "message") if event else text(last, "message"), _LOG)


def _last_event(facts: Facts, reasons: frozenset[str], containing: str = "") -> Object | None:
    found: Sequence[Object] = [
        event
        for event in facts.events
        if event.get("reason") in reasons and containing.lower() in text(event, "message").lower()
    ]
    return found[-1] if found else None
