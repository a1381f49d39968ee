"""Descriptions of whole objects, built by pure functions of what was read."""

from __future__ import annotations

from collections.abc import Sequence

from backends.model.describe.containers import containers_of, template_containers
from backends.model.describe.parts import (
    age_pair,
    annotation_pairs,
    condition_lines,
    event_lines,
    label_pairs,
    owners,
    pairs,
    resource_of,
)
from backends.model.describe.sections import sections_of
from backends.model.describe.summaries import SUMMARIES
from backends.model.detail import ContainerDetail, Detail, Related
from backends.model.diagnosis import Facts, Object
from backends.model.fields import amount, full_name, items, mapping, text
from backends.model.rules import diagnose
from backends.model.tone import Tone


def describe(stamp: str, facts: Facts, *, children: Sequence[Object] = (), gaps: Sequence[str] = ()) -> Detail:
    """Describe a whole object of any kind, with what was read around it. `children` come before its pods."""
    obj = facts.obj
    kind = text(obj, "kind") or "Object"
    summary = SUMMARIES.get(kind)
    values = summary(obj) if summary else []
    related = [child_of(each) for each in children]
    if kind != "Pod":
        related += [child_of(each) for each in facts.pods]
    return Detail(
        stamp=stamp,
        kind=kind,
        name=text(obj, "metadata", "name"),
        namespace=text(obj, "metadata", "namespace"),
        title=f"{kind} {full_name(obj)} on {stamp}",
        as_of=facts.now,
        summary=pairs([*values, age_pair(obj, facts.now)]),
        findings=diagnose(facts),
        containers=_containers(kind, obj),
        conditions=condition_lines(obj),
        sections=sections_of(facts, known=summary is not None),
        owners=owners(obj),
        children=tuple(related),
        events=event_lines(facts.events),
        labels=label_pairs(obj),
        annotations=annotation_pairs(obj),
        gaps=tuple(gaps),
    )


def _containers(kind: str, obj: Object) -> tuple[ContainerDetail, ...]:
    return containers_of(obj) if kind == "Pod" else template_containers(obj)


def child_of(obj: Object) -> Related:
    """Return an object as a child: its name and, in a word or two, how it is."""
    kind = text(obj, "kind") or "Pod"  # items of a list may leave their kind out; pods are what we list most
    state, tone = _state(kind, obj)
    resource = resource_of(kind, text(obj, "apiVersion"))
    return Related(kind, resource, text(obj, "metadata", "name"), text(obj, "metadata", "namespace"), state, tone)


def _state(kind: str, obj: Object) -> tuple[str, Tone | None]:
    if kind == "Pod":
        return _pod_state(obj)
    if kind in ("ReplicaSet", "Deployment", "StatefulSet"):
        wanted, ready = amount(obj, "spec", "replicas", default=1), amount(obj, "status", "readyReplicas")
        return f"{ready}/{wanted} ready", "dim" if not wanted else "good" if ready >= wanted else "warn"
    if kind == "Job":
        done, failed = amount(obj, "status", "succeeded"), amount(obj, "status", "failed")
        return f"{done} succeeded, {failed} failed", "bad" if failed and not done else None
    return text(obj, "status", "phase"), None


def _pod_state(pod: Object) -> tuple[str, Tone | None]:
    if mapping(pod, "metadata").get("deletionTimestamp"):
        return "Terminating", "dim"
    statuses = items(pod, "status", "containerStatuses")
    for each in [*items(pod, "status", "initContainerStatuses"), *statuses]:
        reason = text(each, "state", "waiting", "reason")
        if reason and reason not in ("PodInitializing", "ContainerCreating"):
            return reason, "bad"
    phase = text(pod, "status", "reason") or text(pod, "status", "phase")
    ready = sum(1 for each in statuses if each.get("ready"))
    if phase == "Running":
        return f"Running {ready}/{len(statuses)}", "good" if ready >= len(statuses) else "warn"
    return phase, "dim" if phase == "Succeeded" else "warn" if phase == "Pending" else "bad"
