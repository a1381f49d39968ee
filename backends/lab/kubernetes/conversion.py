"""The same stored object in the API version a caller asked for, and back into the one that is stored."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from backends.lab.kubernetes.catalog import Resource
from backends.lab.objects import Object

HPA = "horizontalpodautoscalers.autoscaling"
_CPU_SINCE = "autoscaling.alpha.kubernetes.io/"


def present(obj: Object, resource: Resource) -> Object:
    """Return a stored object as this resource's version shows it (the object itself when nothing differs)."""
    held = obj.get("apiVersion", "")
    if held == resource.api_version and obj.get("kind") == resource.kind:
        return obj
    convert = _OUTWARD.get((resource.storage, resource.api_version))
    shown = convert(obj) if convert else dict(obj)
    shown["apiVersion"], shown["kind"] = resource.api_version, resource.kind
    return shown


def accept(obj: Object, resource: Resource, stored: Resource) -> Object:
    """Return what a caller sent in this resource's version as it is to be stored; the argument is left alone."""
    convert = _INWARD.get((resource.storage, resource.api_version))
    kept = convert(obj) if convert else dict(obj)
    api_version = "autoscaling/v2" if resource.storage == HPA else stored.api_version
    kept["apiVersion"], kept["kind"] = api_version, stored.kind
    return kept


def _hpa_to_v1(obj: Object) -> Object:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metrics, current = spec.pop("metrics", None) or [], status.pop("currentMetrics", None) or []
    behavior, conditions = spec.pop("behavior", None), status.pop("conditions", None)
    others, percent = _split_cpu(metrics, "target")
    if percent is not None:
        spec["targetCPUUtilizationPercentage"] = percent
    others_now, percent_now = _split_cpu(current, "current")
    if percent_now is not None:
        status["currentCPUUtilizationPercentage"] = percent_now
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    if behavior:
        behavior = _internal_behavior(behavior)
    extra = {"metrics": others, "current-metrics": others_now, "conditions": conditions, "behavior": behavior}
    meta = dict(obj["metadata"])
    kept = {_CPU_SINCE + key: json.dumps(value, separators=(",", ":")) for key, value in extra.items() if value}
    if kept:
        meta["annotations"] = {**(meta.get("annotations") or {}), **kept}
    return {**obj, "metadata": meta, "spec": spec, "status": status}


def _internal_behavior(behavior: dict[str, Any]) -> dict[str, Any]:
    """Return a behavior as the server's internal type, which is what it writes into the annotation."""
    return {
        direction[0].upper() + direction[1:]: {
            "StabilizationWindowSeconds": behavior[direction].get("stabilizationWindowSeconds"),
            "SelectPolicy": behavior[direction].get("selectPolicy"),
            "Policies": [
                {"Type": each["type"], "Value": each["value"], "PeriodSeconds": each["periodSeconds"]}
                for each in behavior[direction].get("policies") or ()
            ],
        }
        for direction in ("scaleUp", "scaleDown")
        if behavior.get(direction)
    }


def _renamed_keys(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with the first letter of every key changed."""
    if isinstance(value, dict):
        renamed = ((change(key[0]) + key[1:], each) for key, each in value.items() if each is not None)
        return {key: _renamed_keys(each, change) for key, each in renamed}
    return [_renamed_keys(each, change) for each in value] if isinstance(value, list) else value


def _split_cpu(metrics: list[dict[str, Any]], side: str) -> tuple[list[dict[str, Any]], int | None]:
    others, percent = [], None
    for metric in metrics:
        resource = metric.get("resource") or {}
        found = (resource.get(side) or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and found is not None and percent is None:
            percent = int(found)
        else:
            others.append(metric)
    return others, percent


def _hpa_from_v1(obj: Object) -> Object:
    meta, spec = dict(obj.get("metadata") or {}), dict(obj.get("spec") or {})
    status = dict(obj.get("status") or {})
    annotations = dict(meta.get("annotations") or {})

    def kept(key: str) -> Any:
        text = annotations.pop(_CPU_SINCE + key, None)
        return json.loads(text) if text else None

    metrics = kept("metrics") or []
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}, *metrics]
    current = kept("current-metrics") or []
    percent_now = status.pop("currentCPUUtilizationPercentage", None)
    if percent_now is not None:
        now = {"averageUtilization": percent_now}
        current = [{"type": "Resource", "resource": {"name": "cpu", "current": now}}, *current]
    behavior = _renamed_keys(kept("behavior"), str.lower)
    for holder, key, value in (
        (spec, "metrics", metrics), (spec, "behavior", behavior),
        (status, "currentMetrics", current), (status, "conditions", kept("conditions")),
    ):  # fmt: skip
        if value:
            holder[key] = value
    if "annotations" in meta:
        meta["annotations"] = annotations
        if not annotations:
            del meta["annotations"]
    return {**obj, "metadata": meta, "spec": spec, "status": status}


def _hpa_to_v2beta1(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    flat = []
    for metric in spec.get("metrics") or ():
        resource = dict(metric.get("resource") or {})
        target = resource.pop("target", None) or {}
        if "averageUtilization" in target:
            resource["targetAverageUtilization"] = target["averageUtilization"]
        if "averageValue" in target:
            resource["targetAverageValue"] = target["averageValue"]
        flat.append({**metric, "resource": resource} if metric.get("type") == "Resource" else metric)
    if flat:
        spec["metrics"] = flat
    return {**obj, "spec": spec}


def _hpa_from_v2beta1(obj: Object) -> Object:
    spec = dict(obj.get("spec") or {})
    metrics = []
    for metric in spec.get("metrics") or ():
        resource = dict(metric.get("resource") or {})
        percent, amount = resource.pop("targetAverageUtilization", None), resource.pop("targetAverageValue", None)
        if percent is not None:
            resource["target"] = {"type": "Utilization", "averageUtilization": percent}
        elif amount is not None:
            resource["target"] = {"type": "AverageValue", "averageValue": amount}
        metrics.append({**metric, "resource": resource} if metric.get("type") == "Resource" else metric)
    if metrics:
        spec["metrics"] = metrics
    return {**obj, "spec": spec}


_EVENT_FIELDS = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("source", "deprecatedSource"),
)
_EVENT_OUT = dict(_EVENT_FIELDS)
_EVENT_IN = {new: old for old, new in _EVENT_FIELDS}


def _event_out(obj: Object) -> Object:
    return {_EVENT_OUT.get(key, key): value for key, value in obj.items()}


def _event_in(obj: Object) -> Object:
    return {_EVENT_IN.get(key, key): value for key, value in obj.items()}


_OUTWARD: dict[tuple[str, str], Callable[[Object], Object]] = {
    (HPA, "autoscaling/v1"): _hpa_to_v1,
    (HPA, "autoscaling/v2beta1"): _hpa_to_v2beta1,
    ("events", "events.k8s.io/v1"): _event_out,
    ("events", "events.k8s.io/v1beta1"): _event_out,
}
_INWARD: dict[tuple[str, str], Callable[[Object], Object]] = {
    (HPA, "autoscaling/v1"): _hpa_from_v1,
    (HPA, "autoscaling/v2beta1"): _hpa_from_v2beta1,
    ("events", "events.k8s.io/v1"): _event_in,
    ("events", "events.k8s.io/v1beta1"): _event_in,
}
