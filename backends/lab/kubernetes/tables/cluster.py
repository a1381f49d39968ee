"""The rest of a cluster: namespaces, events, leases, configuration, quotas, priorities and extensions of the API."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, Printer, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, age, since


def _namespace_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], (obj.get("status") or {}).get("phase", ""), age(obj, now)]


def _source_text(obj: Object) -> str:
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


def _event_cells(obj: Object, now: float) -> Cells:
    """Print an event in its core/v1 form; a series counts and dates it, a lone new-style event counts once."""
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    series = obj.get("series")
    if series:
        last, count = since(series.get("lastObservedTime"), now), series.get("count", 1)
    target = obj.get("involvedObject") or {}
    kind = target.get("kind", "").lower()
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{target['name']}" if target.get("name") else kind,
        target.get("fieldPath", ""),
        _source_text(obj),
        obj.get("message", "").strip(),
        first,
        count,
        obj["metadata"]["name"],
    ]


def _lease_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], (obj.get("spec") or {}).get("holderIdentity") or "", age(obj, now)]


def _config_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now)]


def _quota_texts(obj: Object) -> tuple[str, str]:
    """Return requests and limits of a quota, each as `RESOURCE: USED/HARD`, sorted."""
    status: dict[str, Any] = obj.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    texts: dict[bool, list[str]] = {False: [], True: []}
    for name in sorted(hard):
        texts[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard[name]}")
    return ", ".join(texts[False]), ", ".join(texts[True])


def _quotas(minor: int) -> Printer:
    request = column("Request", "Used and allowed, of what pods ask for.")
    limit = column("Limit", "Used and allowed, of pods' limits.")
    if minor >= 33:
        return Printer(
            (NAME, request, limit, AGE), lambda obj, now: [obj["metadata"]["name"], *_quota_texts(obj), age(obj, now)]
        )
    return Printer(
        (NAME, AGE, request, limit), lambda obj, now: [obj["metadata"]["name"], age(obj, now), *_quota_texts(obj)]
    )


def _component_cells(obj: Object, now: float) -> Cells:
    name = obj["metadata"]["name"]
    for each in obj.get("conditions") or ():
        if each.get("type") == "Healthy":
            state = "Healthy" if each.get("status") == "True" else "Unhealthy"
            return [name, state, each.get("message", ""), each.get("error", "")]
    return [name, "Unknown", "", ""]


def _priority_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], obj.get("value", 0), bool(obj.get("globalDefault")), age(obj, now)]


def _runtime_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], obj.get("handler", ""), age(obj, now)]


def _api_service_cells(obj: Object, now: float) -> Cells:
    service = (obj.get("spec") or {}).get("service")
    where = f"{service.get('namespace')}/{service.get('name')}" if service else "Local"
    available = "Unknown"
    for each in (obj.get("status") or {}).get("conditions") or ():
        if each.get("type") == "Available":
            available = each["status"]
            if available != "True" and each.get("reason"):
                available = f"{available} ({each['reason']})"
    return [obj["metadata"]["name"], where, available, age(obj, now)]


def _webhook_cells(obj: Object, now: float) -> Cells:
    return [obj["metadata"]["name"], len(obj.get("webhooks") or ()), age(obj, now)]


def _flow_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    dangling = next(
        (each["status"] for each in (obj.get("status") or {}).get("conditions") or () if each["type"] == "Dangling"),
        "?",
    )
    return [
        obj["metadata"]["name"],
        (spec.get("priorityLevelConfiguration") or {}).get("name", ""),
        spec.get("matchingPrecedence", 1000),
        (spec.get("distinguisherMethod") or {}).get("type") or NONE,
        age(obj, now),
        dangling,
    ]


def _level_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    limited = spec.get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    shares = limited.get("nominalConcurrencyShares", limited.get("assuredConcurrencyShares", NONE))
    queues = [queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")]
    return [obj["metadata"]["name"], spec.get("type", ""), shares, *queues, age(obj, now)]


def _levels(minor: int) -> Printer:
    shares = "NominalConcurrencyShares" if minor >= 26 else "AssuredConcurrencyShares"
    columns = (
        NAME,
        column("Type", "Whether requests of the level are limited."),
        column(shares, "Share of the server's concurrency."),
        column("Queues", "Number of queues."),
        column("HandSize", "Queues a flow is dealt."),
        column("QueueLengthLimit", "Longest a queue may be."),
        AGE,
    )
    return Printer(columns, _level_cells)


_WEBHOOKS = same_for_all(
    (NAME, column("Webhooks", "Number of webhooks in the configuration.", "integer"), AGE), _webhook_cells
)

PRINTERS: dict[str, PrinterOf] = {
    "namespaces": same_for_all((NAME, column("Status", "Whether it is in use or going away."), AGE), _namespace_cells),
    "events": same_for_all(
        (
            column("Last Seen", "Time since it happened last."),
            column("Type", "Normal or Warning."),
            column("Reason", "One word for why."),
            column("Object", "What it happened to."),
            column("Subobject", "Which part of that.", wide=True),
            column("Source", "Who reported it.", wide=True),
            column("Message", "What happened."),
            column("First Seen", "Time since it happened first.", wide=True),
            column("Count", "How often it happened.", wide=True),
            {**NAME, "priority": 1},
        ),
        _event_cells,
    ),
    "leases.coordination.k8s.io": same_for_all((NAME, column("Holder", "Who holds the lease."), AGE), _lease_cells),
    "configmaps": same_for_all((NAME, column("Data", "Number of entries."), AGE), _config_cells),
    "resourcequotas": _quotas,
    "componentstatuses": same_for_all(
        (
            NAME,
            column("Status", "Whether the component is healthy."),
            column("Message", "What it answered."),
            column("Error", "What went wrong."),
        ),
        _component_cells,
    ),
    "priorityclasses.scheduling.k8s.io": same_for_all(
        (
            NAME,
            column("Value", "The priority: higher ones are scheduled first.", "integer"),
            column("Global-Default", "Whether pods that name none get this one.", "boolean"),
            AGE,
        ),
        _priority_cells,
    ),
    "runtimeclasses.node.k8s.io": same_for_all((NAME, column("Handler", "Runtime that is used."), AGE), _runtime_cells),
    "apiservices.apiregistration.k8s.io": same_for_all(
        (
            NAME,
            column("Service", "Service that answers for this part of the API."),
            column("Available", "Whether it does."),
            AGE,
        ),
        _api_service_cells,
    ),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "flowschemas.flowcontrol.apiserver.k8s.io": same_for_all(
        (
            NAME,
            column("PriorityLevel", "Level of the requests that match."),
            column("MatchingPrecedence", "Lower ones are tried first."),
            column("DistinguisherMethod", "How requests are told apart into flows."),
            AGE,
            column("MissingPL", "Whether the level is not there."),
        ),
        _flow_cells,
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": _levels,
}
