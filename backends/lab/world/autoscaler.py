"""The HorizontalPodAutoscaler: replicas follow the CPU or memory that metrics-server reports."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from backends.lab.clock import rfc3339
from backends.lab.metrics import MetricsSnapshots
from backends.lab.objects import Change, Object
from backends.lab.quantities import quantity
from backends.lab.world.cluster import Cluster, Controller, key_of_change
from backends.lab.world.pods import is_finished
from backends.lab.world.shapes import Key, is_deleting, selects, set_condition, with_status

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
SYNC_S = 15.0
_TOLERANCE = 0.1
_TARGETS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps", "ReplicaSet": "replicasets.apps"}
_WITHIN = "the desired count is within the acceptable range"


class MetricsMissing(Exception):
    """No replica count can be computed; the text is what the real controller says."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What one metric asks for: replicas, its current value as status shows it, and its name in words."""

    replicas: int
    current: Object
    words: str


class HorizontalAutoscaler(Controller):
    """Scales targets every 15 simulated seconds, quickly up and slowly down."""

    name: ClassVar[str] = "horizontal-pod-autoscaler"
    watches: ClassVar[tuple[str, ...]] = (AUTOSCALERS,)

    def __init__(self, cluster: Cluster, metrics: MetricsSnapshots) -> None:
        self._metrics = metrics
        self.metrics_served = True
        self._wanted: dict[Key, list[tuple[float, int]]] = {}
        self._next: dict[Key, float] = {}
        super().__init__(cluster)

    def notice(self, change: Change) -> Iterable[Key]:
        spec_changed = change.before is None or change.before["spec"] != change.object["spec"]
        key = key_of_change(change)
        if change.type == "DELETED":
            self._wanted.pop(key, None)
            self._next.pop(key, None)
        elif spec_changed:
            self._next.pop(key, None)
            return (key,)
        return ()

    def reconcile(self, key: Key) -> None:
        scaler = self.store.find(AUTOSCALERS, *key)
        now = self.cluster.now
        if scaler is None or is_deleting(scaler) or self._next.get(key, 0.0) > now + 0.5:
            return
        self._next[key] = now + SYNC_S
        self.again(SYNC_S, key)
        reference = scaler["spec"]["scaleTargetRef"]
        resource = _TARGETS.get(reference["kind"], "")
        target = self.store.find(resource, key[0], reference["name"]) if resource else None
        conditions = list((scaler.get("status") or {}).get("conditions") or [])
        if target is None:
            why = f'{resource.replace(".", "/scale.", 1) or reference["kind"]} "{reference["name"]}" not found'
            text = f"the HPA controller was unable to get the target's current scale: {why}"
            conditions = set_condition(conditions, "AbleToScale", "False", "FailedGetScale", text, now)
            self.record(scaler, "FailedGetScale", why, warning=True)
            self._write(scaler, {}, conditions)
            return
        text = "the HPA controller was able to get the target's current scale"
        conditions = set_condition(conditions, "AbleToScale", "True", "SucceededGetScale", text, now)
        self._scale(scaler, resource, target, conditions)

    def _scale(self, scaler: Object, resource: str, target: Object, conditions: list[Object]) -> None:
        """Follow the bounds first, and the metrics within them, as reconcileAutoscaler of the real controller."""
        now, spec, current = self.cluster.now, scaler["spec"], target["spec"].get("replicas", 1)
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        metrics: list[Object] = []
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            conditions = set_condition(conditions, "ScalingActive", "False", "ScalingDisabled", text, now)
            desired, way = 0, ""
        elif current > high:
            desired, way = high, "Current number of replicas above Spec.MaxReplicas"
        elif current < low:
            desired, way = low, "Current number of replicas below Spec.MinReplicas"
        else:
            found = self._compute(scaler, target, conditions, current)
            if found is None:
                return
            best, metrics, conditions = found
            desired, conditions = self._moderate(scaler, current, best.replicas, conditions)
            way = f"{best.words} above target" if desired > current else "All metrics below target"
        rescaled = desired != current
        if rescaled:
            changed = {**target, "metadata": dict(target["metadata"]), "spec": {**target["spec"], "replicas": desired}}
            self.store.replace(resource, changed, owned=True)
            self.record(scaler, "SuccessfulRescale", f"New size: {desired}; reason: {way}")
            text = f"the HPA controller was able to update the target scale to {desired}"
            conditions = set_condition(conditions, "AbleToScale", "True", "SucceededRescale", text, now)
        counts: dict[str, Any] = {"currentReplicas": current, "desiredReplicas": desired, "currentMetrics": metrics}
        if rescaled:
            counts["lastScaleTime"] = rfc3339(now)
        self._write(scaler, counts, conditions)

    def _compute(
        self, scaler: Object, target: Object, conditions: list[Object], current: int
    ) -> tuple[_Proposal, list[Object], list[Object]] | None:
        """Return what the metrics ask for, their values and the conditions; None when they say nothing."""
        now = self.cluster.now
        try:
            proposals = [self._propose(scaler, target, each, current) for each in _metrics_of(scaler)]
        except MetricsMissing as missing:
            text = f"the HPA was unable to compute the replica count: {missing}"
            conditions = set_condition(conditions, "ScalingActive", "False", "FailedGetResourceMetric", text, now)
            self.record(scaler, "FailedGetResourceMetric", str(missing), warning=True)
            first = f"failed to get cpu resource metric value: {missing}" if self.cluster.minor >= 27 else str(missing)
            text = f"invalid metrics (1 invalid out of 1), first error is: {first}"
            self.record(scaler, "FailedComputeMetricsReplicas", text, warning=True)
            self._write(scaler, {"currentReplicas": current}, conditions)
            return None
        best = max(proposals, key=lambda each: each.replicas)
        text = f"the HPA was able to successfully calculate a replica count from {best.words}"
        conditions = set_condition(conditions, "ScalingActive", "True", "ValidMetricFound", text, now)
        return best, [each.current for each in proposals], conditions

    def _propose(self, scaler: Object, target: Object, metric: Object, current: int) -> _Proposal:
        name = metric["resource"]["name"]
        pods = [
            pod
            for pod in self.index.in_namespace("pods", scaler["metadata"]["namespace"])
            if selects(target["spec"]["selector"], pod["metadata"].get("labels"))
            and not is_finished(pod)
            and not is_deleting(pod)
        ]
        used, asked, counted = self._measure(scaler, name, pods)
        goal = metric["resource"]["target"]
        average = used / counted
        if "averageUtilization" in goal:
            utilization = int(100 * used / asked)
            ratio = utilization / goal["averageUtilization"]
            shown = {"averageUtilization": utilization, "averageValue": _shown(name, average)}
            words = f"{name} resource utilization (percentage of request)"
        else:
            ratio = average / quantity(str(goal["averageValue"]))
            shown = {"averageValue": _shown(name, average)}
            words = f"{name} resource"
        replicas = current if abs(ratio - 1) <= _TOLERANCE else math.ceil(ratio * counted)
        return _Proposal(replicas, {"type": "Resource", "resource": {"name": name, "current": shown}}, words)

    def _measure(self, scaler: Object, name: str, pods: list[Object]) -> tuple[float, float, int]:
        """Return what the measured pods use and ask for (cores or bytes), and how many were measured."""
        start = f"failed to get {name} utilization: "
        if not self.metrics_served:
            raise MetricsMissing(
                f"{start}unable to get metrics for resource {name}: unable to fetch metrics from resource metrics "
                "API: the server could not find the requested resource (get pods.metrics.k8s.io)"
            )
        used = asked = 0.0
        counted = 0
        for pod in pods:
            usage = self._metrics.pod(pod["metadata"]["namespace"], pod["metadata"]["name"])
            if usage is None:
                continue
            counted += 1
            for container in pod["spec"]["containers"]:
                requests = (container.get("resources") or {}).get("requests") or {}
                if name not in requests:
                    raise MetricsMissing(
                        f"{start}missing request for {name} in container {container['name']} "
                        f"of Pod {pod['metadata']['name']}"
                    )
                asked += quantity(str(requests[name]))
            for each in usage.containers.values():
                used += each.cpu_millicores / 1000 if name == "cpu" else each.memory_bytes
        if not counted:
            raise MetricsMissing(
                f"{start}unable to get metrics for resource {name}: no metrics returned from resource metrics API"
            )
        return used, asked, counted

    def _moderate(
        self, scaler: Object, current: int, proposed: int, conditions: list[Object]
    ) -> tuple[int, list[Object]]:
        """Apply stabilization, the speed limits of scaling up and down, and the bounds."""
        spec, now = scaler["spec"], self.cluster.now
        stable = self._stabilized(scaler, current, proposed)
        if stable == proposed:
            reason, text = "ReadyForNewScale", "recommended size matches current size"
        elif stable > proposed:
            reason, text = "ScaleDownStabilized", _HIGHER
        else:
            reason, text = "ScaleUpStabilized", _LOWER
        conditions = set_condition(conditions, "AbleToScale", "True", reason, text, now)
        desired, reason, text = _limited(spec, current, stable)
        limited = "False" if desired == stable else "True"
        return desired, set_condition(conditions, "ScalingLimited", limited, reason, text, now)

    def _stabilized(self, scaler: Object, current: int, proposed: int) -> int:
        """Return the proposal no lower than any of the last minutes, and no higher where that is asked for."""
        behavior, now = scaler["spec"].get("behavior") or {}, self.cluster.now
        down_s = float((behavior.get("scaleDown") or {}).get("stabilizationWindowSeconds", 300))
        up_s = float((behavior.get("scaleUp") or {}).get("stabilizationWindowSeconds", 0))
        key = scaler["metadata"]["namespace"], scaler["metadata"]["name"]
        # The first look counts what is there as a recommendation, so that a new autoscaler does not cut at once.
        recent = [each for each in self._wanted.get(key, [(now, current)]) if now - each[0] < max(down_s, up_s, SYNC_S)]
        self._wanted[key] = [*recent, (now, proposed)]
        least = max([proposed, *(wanted for at, wanted in recent if now - at < down_s)])
        most = min([proposed, *(wanted for at, wanted in recent if now - at < up_s)])
        if proposed < current:
            return min(least, current)
        return max(most, current)

    def _write(self, scaler: Object, counts: dict[str, Any], conditions: list[Object]) -> None:
        """Write the status; what `counts` does not name stays as it was."""
        kept = {"currentReplicas": 0, "desiredReplicas": 0, "currentMetrics": [], **(scaler.get("status") or {})}
        changed = with_status(scaler)
        changed["status"] = {**kept, **counts, "conditions": conditions}
        self.store.replace(AUTOSCALERS, changed, owned=True)


def _limited(spec: Object, current: int, wanted: int) -> tuple[int, str, str]:
    """Return the replicas within the bounds and the pace, and the reason and sentence of ScalingLimited."""
    low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
    fastest, slowest = _pace(spec, current)
    if wanted > current and wanted > min(fastest, high):
        if fastest < high:
            return fastest, "ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"
        return high, "TooManyReplicas", "the desired replica count is more than the maximum replica count"
    if wanted < current and wanted < max(slowest, low) and slowest > low:
        return slowest, "ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"
    if wanted > high:
        return high, "TooManyReplicas", "the desired replica count is more than the maximum replica count"
    if wanted < low:
        return low, "TooFewReplicas", "the desired replica count is less than the minimum replica count"
    return wanted, "DesiredWithinRange", _WITHIN


def _pace(spec: Object, current: int) -> tuple[int, int]:
    """Return how far one step may go up and down: twice as many or four without policies, else what these allow."""
    behavior = spec.get("behavior")
    if not behavior:
        return max(2 * current, 4), 0
    up, down = behavior.get("scaleUp") or {}, behavior.get("scaleDown") or {}
    more = [_step(each, current) for each in up.get("policies") or _UP]
    fewer = [_step(each, current) for each in down.get("policies") or _DOWN]
    choose: dict[str, Any] = {"Max": max, "Min": min, "Disabled": lambda steps: 0}
    return (
        current + choose[up.get("selectPolicy") or "Max"](more),
        max(0, current - choose[down.get("selectPolicy") or "Max"](fewer)),
    )


def _step(policy: Object, current: int) -> int:
    value = int(policy["value"])
    return value if policy["type"] == "Pods" else math.ceil(current * value / 100)


_UP: tuple[Object, ...] = ({"type": "Pods", "value": 4}, {"type": "Percent", "value": 100})
_DOWN: tuple[Object, ...] = ({"type": "Percent", "value": 100},)
_HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation"
_LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation"


def _metrics_of(scaler: Object) -> list[Object]:
    given = [each for each in scaler["spec"].get("metrics") or () if each["type"] == "Resource"]
    default = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
    return given or [default]


def _shown(name: str, average: float) -> str:
    return f"{round(average * 1000)}m" if name == "cpu" else str(int(average))
