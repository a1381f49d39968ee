"""What is wrong with a pod, or with the pod in a workload's template."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation.causes import required, wrong
from backends.lab.kubernetes.validation.metadata import LABEL, LABEL_TEXT
from backends.lab.objects import Object
from backends.lab.quantities import quantity


def pod_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a pod."""
    return pod_spec_causes(obj.get("spec") or {}, "spec")


def pod_spec_causes(spec: dict[str, Any], at: str) -> list[Cause]:
    """Return what is wrong with a pod spec that stands at a path."""
    containers = spec.get("containers") or []
    causes = [] if containers else [required(f"{at}.containers")]
    names: set[str] = set()
    for index, container in enumerate(containers):
        where = f"{at}.containers[{index}]"
        name = container.get("name", "")
        if not name:
            causes.append(required(f"{where}.name"))
        elif not LABEL.fullmatch(name):
            causes.append(wrong(f"{where}.name", name, LABEL_TEXT))
        elif name in names:
            causes.append(Cause(f"{where}.name", "FieldValueDuplicate", f'"{name}"'))
        names.add(name)
        if not container.get("image"):
            causes.append(required(f"{where}.image"))
        for number, port in enumerate(container.get("ports") or ()):
            causes += port_causes(f"{where}.ports[{number}].containerPort", port.get("containerPort"))
        causes += _resource_causes(container.get("resources") or {}, f"{where}.resources")
    return causes


def port_causes(field: str, value: Any) -> list[Cause]:
    """Return what is wrong with a port number."""
    if value is None:
        return [required(field)]
    if isinstance(value, int) and not 1 <= value <= 65535:
        return [wrong(field, value, "must be between 1 and 65535, inclusive")]
    return []


def _resource_causes(resources: dict[str, Any], at: str) -> list[Cause]:
    limits = resources.get("limits") or {}
    causes = []
    for name, amount in sorted((resources.get("requests") or {}).items()):
        if quantity(str(amount)) < 0:
            causes.append(wrong(f"{at}.requests[{name}]", str(amount), "must be greater than or equal to 0"))
        elif name in limits and quantity(str(amount)) > quantity(str(limits[name])):
            causes.append(wrong(f"{at}.requests", str(amount), f"must be less than or equal to {name} limit"))
    return causes
