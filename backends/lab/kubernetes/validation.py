"""What the server refuses with 422, in its words, for the kinds and mistakes that operators meet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from backends.lab.kubernetes.selectors import from_label_selector
from backends.lab.kubernetes.statuses import Cause
from backends.lab.objects import Object

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SERVICE_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_ANY_NAME = ("roles.", "rolebindings.", "clusterroles.", "clusterrolebindings.")


def required(field: str, text: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", text)


def wrong(field: str, value: Any, text: str) -> Cause:
    return Cause(field, "FieldValueInvalid", f"{go_value(value)}: {text}")


def unsupported(field: str, value: Any, allowed: tuple[str, ...]) -> Cause:
    listed = ", ".join(f'"{each}"' for each in allowed)
    return Cause(field, "FieldValueNotSupported", f'"{value}": supported values: {listed}')


def go_value(value: Any) -> str:
    """Return a value as Go's %#v writes it in these messages."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "map[string]string{" + ", ".join(f'"{key}":"{value[key]}"' for key in sorted(value)) + "}"
    return "[]string{" + ", ".join(go_value(each) for each in value) + "}"


def validate(resource: str, obj: Object) -> list[Cause]:
    """Return what is wrong with a new object, defaults filled in."""
    causes = _validate_metadata(resource, obj["metadata"])
    check = _BY_RESOURCE.get(resource)
    if check is not None:
        causes += check(obj)
    return causes


def _validate_metadata(resource: str, meta: dict[str, Any]) -> list[Cause]:
    name = meta.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    pattern, text = _SUBDOMAIN, _SUBDOMAIN_TEXT
    if resource == "services":
        pattern, text = _SERVICE, _SERVICE_TEXT
    elif resource == "namespaces":
        pattern, text = _LABEL, _LABEL_TEXT
    causes: list[Cause] = []
    if not resource.startswith(_ANY_NAME) and (not pattern.fullmatch(name) or len(name) > 253):
        causes.append(wrong("metadata.name", name, text))
    causes += [
        wrong("metadata.labels", value, _LABEL_VALUE_TEXT)
        for value in (meta.get("labels") or {}).values()
        if len(str(value)) > 63 or (value and not _QUALIFIED.fullmatch(str(value)))
    ]
    return causes


def _not_negative(field: str, value: Any) -> list[Cause]:
    if isinstance(value, int) and value < 0:
        return [wrong(field, value, "must be greater than or equal to 0")]
    return []


def _pod_spec(spec: dict[str, Any], at: str) -> list[Cause]:
    containers = spec.get("containers") or []
    causes = [] if containers else [required(f"{at}.containers")]
    names: set[str] = set()
    for index, container in enumerate(containers):
        where = f"{at}.containers[{index}]"
        name = container.get("name", "")
        if not name:
            causes.append(required(f"{where}.name"))
        elif not _LABEL.fullmatch(name):
            causes.append(wrong(f"{where}.name", name, _LABEL_TEXT))
        elif name in names:
            causes.append(Cause(f"{where}.name", "FieldValueDuplicate", f'"{name}"'))
        names.add(name)
        if not container.get("image"):
            causes.append(required(f"{where}.image"))
        for number, port in enumerate(container.get("ports") or ()):
            causes += _port(f"{where}.ports[{number}].containerPort", port.get("containerPort"))
    return causes


def _port(field: str, value: Any) -> list[Cause]:
    if value is None:
        return [required(field)]
    if isinstance(value, int) and not 1 <= value <= 65535:
        return [wrong(field, value, "must be between 1 and 65535, inclusive")]
    return []


def _pod(obj: Object) -> list[Cause]:
    return _pod_spec(obj.get("spec") or {}, "spec")


def _workload(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    causes = _not_negative("spec.replicas", spec.get("replicas"))
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    selector = spec.get("selector")
    if not selector:
        causes.append(required("spec.selector"))
    parsed = from_label_selector(selector)
    if parsed is None or not parsed or not parsed.matches(labels):
        shown = go_value(labels) if labels else "map[string]string(nil)"
        text = f"{shown}: `selector` does not match template `labels`"
        causes.append(Cause("spec.template.metadata.labels", "FieldValueInvalid", text))
    pod = template.get("spec") or {}
    if pod.get("restartPolicy") not in (None, "Always"):
        causes.append(unsupported("spec.template.spec.restartPolicy", pod["restartPolicy"], ("Always",)))
    return causes + _pod_spec(pod, "spec.template.spec")


def _job(obj: Object) -> list[Cause]:
    pod = obj["spec"].get("template", {}).get("spec") or {}
    causes = _pod_spec(pod, "spec.template.spec")
    policy = pod.get("restartPolicy")
    if not policy:
        causes.append(required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never")))
    return causes


def _service(obj: Object) -> list[Cause]:
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
        causes += _port(f"spec.ports[{index}].port", port.get("port"))
        if isinstance(port.get("targetPort"), int):
            causes += _port(f"spec.ports[{index}].targetPort", port["targetPort"])
    return causes


def _autoscaler(obj: Object) -> list[Cause]:
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
    return causes + [required(f"spec.scaleTargetRef.{key}") for key in ("kind", "name") if not target.get(key)]


def _budget(obj: Object) -> list[Cause]:
    spec = obj.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        shown = "policy.PodDisruptionBudgetSpec{}"
        text = f"{shown}: minAvailable and maxUnavailable cannot be both set"
        return [Cause("spec", "FieldValueInvalid", text)]
    return []


def _definition(obj: Object) -> list[Cause]:
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


_BY_RESOURCE: dict[str, Callable[[Object], list[Cause]]] = {
    "pods": _pod,
    "deployments.apps": _workload,
    "replicasets.apps": _workload,
    "statefulsets.apps": _workload,
    "daemonsets.apps": _workload,
    "jobs.batch": _job,
    "services": _service,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "poddisruptionbudgets.policy": _budget,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
