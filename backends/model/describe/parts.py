"""Parts that every description has: labels, conditions, events, owners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from backends.model.age import format_duration
from backends.model.conditions import AUTOSCALER_V1, conditions_of
from backends.model.detail import ConditionLine, EventLine, Pair, Related
from backends.model.diagnosis import Object
from backends.model.fields import amount, items, mapping, text, time_at
from backends.model.secrecy import LAST_APPLIED, shown_value
from backends.model.tone import Tone

_NEGATIVE = ("Pressure", "Unavailable", "Failure", "Failed", "Degraded", "Disrupted", "DisruptionTarget", "Stalled")
_RESOURCES = {
    "Pod": "pods",
    "Node": "nodes",
    "ReplicaSet": "replicasets.apps",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "Service": "services",
}


def pairs(values: Iterable[tuple[str, Any]]) -> tuple[Pair, ...]:
    """Return labelled values without those that are empty."""
    return tuple(Pair(label, str(value)) for label, value in values if value not in (None, "", [], {}))


def label_pairs(obj: Object) -> tuple[Pair, ...]:
    """Return the labels, sorted."""
    return tuple(Pair(key, str(value)) for key, value in sorted(mapping(obj, "metadata", "labels").items()))


def annotation_pairs(obj: Object) -> tuple[Pair, ...]:
    """Return the annotations, sorted, without those that only machines read: copies of the object, or of its status."""
    found = sorted(mapping(obj, "metadata", "annotations").items())
    return tuple(Pair(key, shown_value("", str(value))) for key, value in found if not _is_copy(key))


def _is_copy(key: str) -> bool:
    return key == LAST_APPLIED or key.startswith(AUTOSCALER_V1)


def condition_lines(obj: Object) -> tuple[ConditionLine, ...]:
    """Return the conditions, as the object lists them."""
    return tuple(
        ConditionLine(
            type=text(each, "type"),
            status=text(each, "status"),
            reason=text(each, "reason"),
            message=text(each, "message"),
            changed_at=time_at(each, "lastTransitionTime"),
            tone=condition_tone(text(each, "type"), text(each, "status")),
        )
        for each in conditions_of(obj)
    )


def condition_tone(kind: str, status: str) -> Tone | None:
    """Return the tone of a condition: for some kinds of them True is the bad answer."""
    if status == "Unknown":
        return "warn"
    negative = kind.endswith(_NEGATIVE)
    if status == "True":
        return "bad" if negative else "good"
    return "dim" if negative or kind in ("Complete", "ScalingLimited") else "bad"


def event_time(event: Object) -> float:
    """Return when an event last occurred: its fields differ between the old and the new events API."""
    for path in (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",), ("firstTimestamp",)):
        found = time_at(event, *path)
        if found:
            return found
    return time_at(event, "metadata", "creationTimestamp")


def event_lines(events: Sequence[Object]) -> tuple[EventLine, ...]:
    """Return events in the order of their last occurrence, newest last."""
    lines = [
        EventLine(
            at=event_time(each),
            type=text(each, "type"),
            reason=text(each, "reason"),
            message=text(each, "message") or text(each, "note"),
            source=text(each, "source", "component") or text(each, "reportingComponent"),
            count=amount(each, "series", "count") or amount(each, "count", default=1) or 1,
            tone="warn" if each.get("type") == "Warning" else None,
        )
        for each in events
    ]
    return tuple(sorted(lines, key=lambda line: line.at))


def owners(obj: Object) -> tuple[Related, ...]:
    """Return the owners; a group is taken from the owner's apiVersion."""
    namespace = text(obj, "metadata", "namespace")
    found = []
    for each in items(obj, "metadata", "ownerReferences"):
        kind = text(each, "kind")
        found.append(Related(kind, resource_of(kind, text(each, "apiVersion")), text(each, "name"), namespace))
    return tuple(found)


def resource_of(kind: str, api_version: str) -> str:
    """Return a name the API knows a kind by: `replicasets.apps`, or `kind.group` for kinds we do not know."""
    group = api_version.partition("/")[0] if "/" in api_version else ""
    return _RESOURCES.get(kind) or (f"{kind.lower()}.{group}" if group else kind.lower())


def labels_text(labels: Any) -> str:
    """Return labels or a selector on one line."""
    return ", ".join(f"{key}={value}" for key, value in sorted(mapping(labels).items()))


def age_pair(obj: Object, now: float) -> tuple[str, str]:
    """Return when the object was created and how long ago."""
    created = time_at(obj, "metadata", "creationTimestamp")
    stamp = text(obj, "metadata", "creationTimestamp")
    return "Created", f"{stamp} ({format_duration(now - created)} ago)" if created else ""
