"""What must not change once an object is stored, and how the server refuses it."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation import go_value, validate, wrong
from backends.lab.objects import Object

_IMMUTABLE = "field is immutable"
_FIXED: dict[str, tuple[str, ...]] = {
    "deployments.apps": ("spec.selector",),
    "replicasets.apps": ("spec.selector",),
    "daemonsets.apps": ("spec.selector",),
    "jobs.batch": ("spec.selector", "spec.template", "spec.completions"),
    "rolebindings.rbac.authorization.k8s.io": ("roleRef",),
    "clusterrolebindings.rbac.authorization.k8s.io": ("roleRef",),
}
_STATEFUL_MUTABLE = (
    "replicas", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds", "ordinals",
    "revisionHistoryLimit",
)  # fmt: skip
_POD_MUTABLE = (
    "activeDeadlineSeconds",
    "tolerations",
    "terminationGracePeriodSeconds",
    "nodeName",
    "ephemeralContainers",
)


def validate_update(resource: str, before: Object, after: Object) -> list[Cause]:
    """Return what is wrong with a changed object: all that is wrong with it as new, and what must not change."""
    causes = validate(resource, after)
    for field in _FIXED.get(resource, ()):
        if _at(before, field) != _at(after, field):
            shown = _go_selector(_at(after, field)) if field == "spec.selector" else go_value(_at(after, field))
            causes.append(Cause(field, "FieldValueInvalid", f"{shown}: {_IMMUTABLE}"))
    old, new = before.get("spec") or {}, after.get("spec") or {}
    if resource == "services" and old.get("clusterIP") and new.get("clusterIP") != old["clusterIP"] != "None":
        causes.append(wrong("spec.clusterIPs[0]", [new.get("clusterIP")], "may not change once set"))
    if resource == "statefulsets.apps" and _without(old, _STATEFUL_MUTABLE) != _without(new, _STATEFUL_MUTABLE):
        text = "'replicas', 'template', and 'updateStrategy'"
        whole = f"updates to statefulset spec for fields other than {text} are forbidden"
        causes.append(Cause("spec", "FieldValueForbidden", whole))
    if resource == "nodes":
        causes += _fixed_once_set(old, new)
    if resource == "pods" and _frozen_pod(old) != _frozen_pod(new):
        text = (
            "pod updates may not change fields other than `spec.containers[*].image`, "
            "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` "
            "(only additions to existing tolerations)"
        )
        causes.append(Cause("spec", "FieldValueForbidden", text))
    return causes


def _fixed_once_set(old: Object, new: Object) -> list[Cause]:
    """Return the causes for what a node is told once: its pod addresses and its machine."""
    causes = [
        Cause(f"spec.{shown}", "FieldValueForbidden", f'node updates may not change {field} except from "" to valid')
        for field, shown in (("podCIDR", "podCIDRs"), ("providerID", "providerID"))
        if old.get(field) and old[field] != new.get(field)
    ]
    if causes:
        text = (
            "node updates may only change labels, taints, or capacity "
            "(or configSource, if the DynamicKubeletConfig feature gate is enabled)"
        )
        causes.append(Cause("[]", "FieldValueForbidden", text))
    return causes


def _go_selector(selector: dict[str, Any] | None) -> str:
    labels = go_value((selector or {}).get("matchLabels") or {})
    return f"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}}"


def _at(obj: Object, path: str) -> Any:
    found: Any = obj
    for key in path.split("."):
        found = (found or {}).get(key)
    return found


def _without(spec: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in keys}


def _frozen_pod(spec: dict[str, Any]) -> dict[str, Any]:
    frozen = _without(spec, _POD_MUTABLE)
    for key in ("containers", "initContainers"):
        if key in frozen:
            frozen[key] = [_without(each, ("image", "resources")) for each in frozen[key]]
    return frozen
