"""What is wrong with the kinds beside pods and workloads that operators write."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation.causes import required, share_causes, unsupported, wrong
from backends.lab.kubernetes.validation.pods import port_causes
from backends.lab.objects import Object
from backends.lab.quantities import quantity

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def service_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a Service."""
    spec = obj["spec"]
    ports = spec.get("ports") or []
    causes: list[Cause] = []
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    if spec["type"] not in kinds:
        causes.append(unsupported("spec.type", spec["type"], kinds))
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            causes.append(required(f"spec.ports[{index}].name"))
        causes += port_causes(f"spec.ports[{index}].port", port.get("port"))
        if isinstance(port.get("targetPort"), int):
            causes += port_causes(f"spec.ports[{index}].targetPort", port["targetPort"])
    return causes


def autoscaler_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a HorizontalPodAutoscaler (as autoscaling/v2 has it)."""
    spec = obj["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    causes: list[Cause] = []
    if least < 1:
        causes.append(wrong("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        causes.append(wrong("spec.maxReplicas", most, "must be greater than 0"))
    if most < least:
        causes.append(wrong("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    causes += [required(f"spec.scaleTargetRef.{key}") for key in ("kind", "name") if not target.get(key)]
    for index, metric in enumerate(spec.get("metrics") or ()):
        causes += _metric_causes(metric, f"spec.metrics[{index}]")
    if least == 0:
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(Cause("spec.metrics", "FieldValueForbidden", text))
    return causes


def _metric_causes(metric: dict[str, Any], at: str) -> list[Cause]:
    if metric.get("type") != "Resource":
        return []
    target = (metric.get("resource") or {}).get("target") or {}
    percent, amount = target.get("averageUtilization"), target.get("averageValue")
    at = f"{at}.resource.target"
    if percent is None and amount is None:
        text = "must set either a target raw value or a target utilization"
        return [required(f"{at}.averageUtilization", text)]
    if percent is not None and percent < 1:
        return [wrong(f"{at}.averageUtilization", percent, "must be greater than 0")]
    return []


def budget_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a PodDisruptionBudget."""
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        text = "policy.PodDisruptionBudgetSpec{}: minAvailable and maxUnavailable cannot be both set"
        return [Cause("spec", "FieldValueInvalid", text)]
    causes = share_causes("spec.minAvailable", least, at_most_all=True)
    return causes + share_causes("spec.maxUnavailable", most, at_most_all=True)


def lease_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a Lease."""
    spec = obj.get("spec") or {}
    lasts_s, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    causes = []
    if lasts_s is not None and lasts_s <= 0:
        causes.append(wrong("spec.leaseDurationSeconds", lasts_s, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        causes.append(wrong("spec.leaseTransitions", transitions, "must to greater or equal than 0"))  # its own words
    return causes


def node_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a Node."""
    causes = []
    for index, taint in enumerate((obj.get("spec") or {}).get("taints") or ()):
        if taint.get("effect") not in _EFFECTS:
            causes.append(unsupported(f"metadata.taints[{index}].effect", taint.get("effect"), _EFFECTS))
    return causes


def quota_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a ResourceQuota."""
    hard = (obj.get("spec") or {}).get("hard") or {}
    return [
        wrong(f"spec.hard[{name}]", str(amount), "must be greater than or equal to 0")
        for name, amount in sorted(hard.items())
        if quantity(str(amount)) < 0
    ]


def definition_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a CustomResourceDefinition."""
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    causes = [required(f"spec.{key}") for key in ("group", "scope") if not spec.get(key)]
    causes += [required(f"spec.names.{key}") for key in ("plural", "kind") if not names.get(key)]
    if not spec.get("versions"):
        causes.append(required("spec.versions", "must have at least one version"))
    expected = f"{names.get('plural', '')}.{spec.get('group', '')}"
    if not causes and obj["metadata"]["name"] != expected:
        causes.append(wrong("metadata.name", obj["metadata"]["name"], 'must be spec.names.plural+"."+spec.group'))
    return causes
