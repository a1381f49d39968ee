"""What is wrong with workloads: Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.selectors import from_label_selector
from backends.lab.kubernetes.statuses import Cause
from backends.lab.kubernetes.validation.causes import (
    go_int_or_string,
    go_value,
    is_zero_share,
    not_negative,
    required,
    share_causes,
    unsupported,
    wrong,
)
from backends.lab.kubernetes.validation.pods import pod_spec_causes
from backends.lab.objects import Object


def deployment_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a Deployment: its workload part, strategy, history and deadline."""
    spec = obj["spec"]
    causes = _workload_causes(obj) + _strategy_causes(spec.get("strategy") or {})
    causes += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        causes += not_negative("spec.progressDeadlineSeconds", deadline)
        if deadline <= spec.get("minReadySeconds", 0):
            causes.append(wrong("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return causes


def _strategy_causes(strategy: dict[str, Any]) -> list[Cause]:
    at, kind, rolling = "spec.strategy", strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        text = "may not be specified when strategy `type` is 'Recreate'"
        return [Cause(f"{at}.rollingUpdate", "FieldValueForbidden", text)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [unsupported(f"{at}.type", kind, ("Recreate", "RollingUpdate"))]
    rolling = rolling or {}
    surge, missing = rolling.get("maxSurge"), rolling.get("maxUnavailable")
    causes = share_causes(f"{at}.rollingUpdate.maxUnavailable", missing, at_most_all=True)
    causes = share_causes(f"{at}.rollingUpdate.maxSurge", surge) + causes
    if is_zero_share(surge) and is_zero_share(missing):
        text = f"{go_int_or_string(missing)}: may not be 0 when `maxSurge` is 0"
        causes.append(Cause(f"{at}.rollingUpdate.maxUnavailable", "FieldValueInvalid", text))
    return causes


def replica_set_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a ReplicaSet."""
    return _workload_causes(obj)


def stateful_set_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a StatefulSet."""
    kind = (obj["spec"].get("updateStrategy") or {}).get("type")
    causes = _workload_causes(obj)
    if kind not in ("RollingUpdate", "OnDelete"):
        shown = f'apps.StatefulSetUpdateStrategy{{Type:"{kind}"}}'
        text = f"{shown}: must be 'RollingUpdate' or 'OnDelete'"
        causes.append(Cause("spec.updateStrategy", "FieldValueInvalid", text))
    partition = ((obj["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition")
    return causes + not_negative("spec.updateStrategy.rollingUpdate.partition", partition)


def daemon_set_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a DaemonSet."""
    strategy = obj["spec"].get("updateStrategy") or {}
    at, kind = "spec.updateStrategy", strategy.get("type")
    causes = _workload_causes(obj)
    if kind not in ("RollingUpdate", "OnDelete"):
        return [*causes, unsupported(f"{at}.type", kind, ("RollingUpdate", "OnDelete"))]
    rolling = strategy.get("rollingUpdate") or {}
    missing = rolling.get("maxUnavailable")
    causes += share_causes(f"{at}.rollingUpdate.maxUnavailable", missing, at_most_all=True)
    if is_zero_share(missing) and is_zero_share(rolling.get("maxSurge", 0)):
        # Without surge (before 1.22) the sentence does not speak of it.
        text = "cannot be 0 when maxSurge is 0" if "maxSurge" in rolling else "cannot be 0"
        shown = go_int_or_string(missing)
        causes.append(Cause(f"{at}.rollingUpdate.maxUnavailable", "FieldValueInvalid", f"{shown}: {text}"))
    return causes


def _workload_causes(obj: Object) -> list[Cause]:
    spec = obj["spec"]
    causes = not_negative("spec.replicas", spec.get("replicas"))
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
    return causes + pod_spec_causes(pod, "spec.template.spec")


def job_causes(obj: Object) -> list[Cause]:
    """Return what is wrong with a Job."""
    pod = obj["spec"].get("template", {}).get("spec") or {}
    causes = pod_spec_causes(pod, "spec.template.spec")
    policy = pod.get("restartPolicy")
    if not policy:
        causes.append(required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        causes.append(unsupported("spec.template.spec.restartPolicy", policy, ("OnFailure", "Never")))
    return causes
