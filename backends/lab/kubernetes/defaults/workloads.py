"""Defaults of workloads and autoscalers (pkg/apis/{apps,batch,autoscaling}/*/defaults.go)."""

from __future__ import annotations

from typing import Any

from backends.lab.kubernetes.defaults.pods import default_pod_spec
from backends.lab.objects import Object

_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_WRITTEN_ZEROS = {
    "statefulsets.apps": ("replicas",),
    "daemonsets.apps": ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"),
    "poddisruptionbudgets.policy": ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"),
    "horizontalpodautoscalers.autoscaling": ("currentReplicas", "desiredReplicas"),
}
_PACES = {
    "scaleUp": (
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ),
    "scaleDown": ({"type": "Percent", "value": 100, "periodSeconds": 15},),
}


def _template(spec: dict[str, Any]) -> None:
    default_pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def default_deployment(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    _template(spec)


def default_replica_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)


def default_stateful_set(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    _template(spec)


def default_daemon_set(obj: Object, minor: int) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        if minor >= 22:
            rolling.setdefault("maxSurge", 0)
    _template(spec)
    obj["metadata"].setdefault("annotations", {}).setdefault(_TEMPLATE_GENERATION, "1")


def count_template(before: Object, after: Object) -> None:
    """Count a changed template of a DaemonSet in the annotation that stands for its template generation."""
    number = int(before["metadata"].get("annotations", {}).get(_TEMPLATE_GENERATION, "1"))
    if before["spec"]["template"] != after["spec"]["template"]:
        number += 1
    after["metadata"].setdefault("annotations", {})[_TEMPLATE_GENERATION] = str(number)


def begin_status(resource: str, obj: Object, minor: int) -> None:
    """Give a new object the status that is written although nothing is known yet: its numbers without `omitempty`."""
    counts = _WRITTEN_ZEROS.get(resource)
    if counts:
        obj["status"] = {**dict.fromkeys(counts, 0), **(obj.get("status") or {})}
    if resource == "statefulsets.apps" and minor >= 22:
        obj["status"].setdefault("availableReplicas", 0)
    elif resource == "horizontalpodautoscalers.autoscaling":
        obj["status"].setdefault("currentMetrics", None)


def default_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if not spec.get("manualSelector") and "uid" in obj["metadata"]:
        uid = obj["metadata"]["uid"]
        spec.setdefault("selector", {"matchLabels": {"controller-uid": uid}})
        labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
        labels.setdefault("controller-uid", uid)
        labels.setdefault("job-name", obj["metadata"]["name"])
    _default_job_spec(spec)


def _default_job_spec(spec: dict[str, Any]) -> None:
    spec.setdefault("backoffLimit", 6)
    if spec.get("parallelism") is None and spec.get("completions") is None:
        spec.setdefault("completions", 1)
    spec.setdefault("parallelism", 1)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    pod = spec.setdefault("template", {}).setdefault("spec", {})
    # A job must choose its restart policy: the default of pods would be refused without a word on why.
    chosen = pod.get("restartPolicy")
    default_pod_spec(pod)
    if chosen is None:
        del pod["restartPolicy"]


def default_cron_job(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    job = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    default_pod_spec(job.setdefault("template", {}).setdefault("spec", {}))


def default_autoscaler(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is None:
        return
    for direction, policies in _PACES.items():
        rules = behavior.setdefault(direction, {})
        rules.setdefault("selectPolicy", "Max")
        rules.setdefault("policies", [dict(each) for each in policies])
    behavior["scaleUp"].setdefault("stabilizationWindowSeconds", 0)
