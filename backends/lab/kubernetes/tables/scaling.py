"""Autoscalers and disruption budgets. Autoscalers are printed from their autoscaling/v2 form."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.tables.printer import AGE, NAME, Cells, Object, Printer, PrinterOf, column, same_for_all
from backends.lab.kubernetes.tables.texts import NONE, UNKNOWN, UNSET, age

_SHOWN = 2
_NAMED_SINCE = 30
"""From this minor version the text of a resource metric begins with the resource's name."""

_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def metric_text(spec: dict[str, Any], current: dict[str, Any], named: bool) -> str:
    """Return `CURRENT/TARGET` of one metric of an autoscaler, such as `0%/80%` or `cpu: 0%/80%`."""
    source = _SOURCES.get(spec.get("type", ""))
    if source is None:
        return "<unknown type>"
    wanted = spec.get(source) or {}
    target = wanted.get("target") or {}
    seen = (current.get(source) or {}).get("current") or {}
    if source in ("resource", "containerResource"):
        prefix = f"{wanted.get('name')}: " if named else ""
        return prefix + _resource_text(target, seen)
    if source == "pods":
        return f"{seen.get('averageValue', UNKNOWN)}/{target.get('averageValue', UNKNOWN)}"
    if "averageValue" in target:
        return f"{seen.get('averageValue', UNKNOWN)}/{target['averageValue']} (avg)"
    return f"{seen.get('value', UNKNOWN)}/{target.get('value', UNKNOWN)}"


def _resource_text(target: dict[str, Any], seen: dict[str, Any]) -> str:
    if "averageValue" in target:
        return f"{seen.get('averageValue', UNKNOWN)}/{target['averageValue']}"
    used, wanted = seen.get("averageUtilization"), target.get("averageUtilization")
    left = UNKNOWN if used is None else f"{used}%"
    right = "<auto>" if wanted is None else f"{wanted}%"
    return f"{left}/{right}"


def _targets_text(obj: Object, named: bool) -> str:
    metrics = (obj.get("spec") or {}).get("metrics") or []
    seen = (obj.get("status") or {}).get("currentMetrics") or []
    texts = [
        metric_text(metric, seen[index] if index < len(seen) else {}, named) for index, metric in enumerate(metrics)
    ]
    if len(texts) > _SHOWN:
        return f"{', '.join(texts[:_SHOWN])} + {len(texts) - _SHOWN} more..."
    return ", ".join(texts) or NONE


def _autoscaler_cells(obj: Object, now: float, named: bool) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    target = spec.get("scaleTargetRef") or {}
    least = spec.get("minReplicas")
    return [
        obj["metadata"]["name"],
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _targets_text(obj, named),
        UNSET if least is None else str(least),
        spec.get("maxReplicas", 0),
        (obj.get("status") or {}).get("currentReplicas", 0),
        age(obj, now),
    ]


def _autoscalers(minor: int) -> Printer:
    columns = (
        NAME,
        column("Reference", "What is scaled."),
        column("Targets", "Metrics: the present value and the one aimed at."),
        column("MinPods", "Fewest pods the autoscaler leaves."),
        column("MaxPods", "Most pods the autoscaler makes."),
        column("Replicas", "Pods there are."),
        AGE,
    )
    return Printer(columns, lambda obj, now: _autoscaler_cells(obj, now, minor >= _NAMED_SINCE))


def _budget_cells(obj: Object, now: float) -> Cells:
    spec: dict[str, Any] = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        obj["metadata"]["name"],
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        (obj.get("status") or {}).get("disruptionsAllowed", 0),
        age(obj, now),
    ]


PRINTERS: dict[str, PrinterOf] = {
    "horizontalpodautoscalers.autoscaling": _autoscalers,
    "poddisruptionbudgets.policy": same_for_all(
        (
            NAME,
            column("Min Available", "Pods that must stay available."),
            column("Max Unavailable", "Pods that may be away."),
            column("Allowed Disruptions", "Pods that may be evicted now.", "integer"),
            AGE,
        ),
        _budget_cells,
    ),
}
