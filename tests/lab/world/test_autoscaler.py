"""The autoscaler on simulated CPU: up quickly, down slowly, within bounds, honest about missing metrics."""

from __future__ import annotations

import pytest

from backends.lab.objects import Object
from backends.lab.world.autoscaler import AUTOSCALERS, _limited
from backends.lab.world.load import Load
from backends.lab.world.shapes import condition, new_object
from tests.lab.world.conftest import Living


def scaler(target: int, low: int = 1, high: int = 10, window_s: int = 300) -> Object:
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
    spec: Object = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ratings-web"},
        "minReplicas": low,
        "maxReplicas": high,
        "metrics": [{"type": "Resource", "resource": metric}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": window_s}},
    }
    return new_object(AUTOSCALERS, "ratings-web", "default", spec=spec)


def reason(lab: Living, kind: str) -> str:
    found = condition(lab.store.get(AUTOSCALERS, "default", "ratings-web"), kind) or {}
    return str(found.get("reason"))


def replicas(lab: Living) -> int:
    return int(lab.deployment("ratings-web")["spec"]["replicas"])


@pytest.fixture(autouse=True)
def steady_users(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the same number of users come all the time; the test may change it."""
    rate = [60.0]
    monkeypatch.setattr(Load, "requests_per_s", lambda self, at: rate[0])
    return rate


async def test_more_users_more_replicas_then_fewer_again(lab: Living, steady_users: list[float]) -> None:
    lab.store.create(AUTOSCALERS, scaler(80))
    await lab.until(lambda: reason(lab, "ScalingActive") == "ValidMetricFound", "measured")
    assert replicas(lab) == 3
    metric = lab.store.get(AUTOSCALERS, "default", "ratings-web")["status"]["currentMetrics"][0]["resource"]
    assert 75 <= metric["current"]["averageUtilization"] <= 90

    steady_users[0] = 130.0
    await lab.until(lambda: replicas(lab) >= 6, "scaled up")
    assert "above target" in lab.events("SuccessfulRescale")[0]
    await lab.until(lambda: len(lab.ready("ratings-web")) == replicas(lab), "all ready")

    steady_users[0] = 20.0
    await lab.until(lambda: reason(lab, "AbleToScale") == "ScaleDownStabilized", "waits before it scales down")
    await lab.until(lambda: replicas(lab) == 2, "scaled down")
    assert lab.events("SuccessfulRescale")[-1].endswith("All metrics below target")


async def test_bounds_hold(lab: Living, steady_users: list[float]) -> None:
    steady_users[0] = 200.0
    lab.store.create(AUTOSCALERS, scaler(50, high=4))
    await lab.until(lambda: reason(lab, "ScalingLimited") == "TooManyReplicas", "limited")
    assert replicas(lab) == 4


async def test_missing_metrics_are_said_and_change_nothing(lab: Living) -> None:
    lab.board.set("metrics-down")
    lab.store.create(AUTOSCALERS, scaler(10))
    await lab.until(lambda: reason(lab, "ScalingActive") == "FailedGetResourceMetric", "no metrics")
    assert replicas(lab) == 3
    assert "get pods.metrics.k8s.io" in lab.events("FailedGetResourceMetric")[0]
    lab.board.clear()
    await lab.until(lambda: replicas(lab) > 3, "scales once there are metrics")


async def test_the_bounds_hold_without_any_metrics(lab: Living) -> None:
    lab.board.set("metrics-down")
    lab.store.create(AUTOSCALERS, scaler(80, low=5))
    await lab.until(lambda: replicas(lab) == 5, "as many as the least")
    assert lab.events("SuccessfulRescale") == ["New size: 5; reason: Current number of replicas below Spec.MinReplicas"]
    found = lab.store.get(AUTOSCALERS, "default", "ratings-web")
    assert found["status"]["lastScaleTime"]
    lab.edit(AUTOSCALERS, "ratings-web", minReplicas=1, maxReplicas=2)
    await lab.until(lambda: replicas(lab) == 2, "as few as the most")
    assert lab.events("SuccessfulRescale")[-1].endswith("Current number of replicas above Spec.MaxReplicas")
    await lab.until(lambda: reason(lab, "ScalingActive") == "FailedGetResourceMetric", "then the metrics are missed")
    assert reason(lab, "AbleToScale") == "SucceededGetScale"


async def test_a_workload_without_replicas_is_left_alone(lab: Living) -> None:
    lab.edit("deployments.apps", "ratings-web", replicas=0)
    lab.store.create(AUTOSCALERS, scaler(80))
    await lab.until(lambda: reason(lab, "ScalingActive") == "ScalingDisabled", "disabled")
    assert replicas(lab) == 0


@pytest.mark.parametrize(
    ("behavior", "current", "wanted", "expected"),
    [
        (None, 1, 9, (4, "ScaleUpLimit")),
        (None, 3, 9, (6, "ScaleUpLimit")),
        (None, 8, 40, (10, "TooManyReplicas")),
        (None, 3, 5, (5, "DesiredWithinRange")),
        (None, 3, 0, (1, "TooFewReplicas")),
        ({"scaleUp": {"policies": [{"type": "Pods", "value": 1}]}}, 3, 9, (4, "ScaleUpLimit")),
        ({"scaleDown": {"policies": [{"type": "Pods", "value": 2}]}}, 9, 1, (7, "ScaleDownLimit")),
        ({"scaleDown": {"selectPolicy": "Disabled"}}, 9, 1, (9, "ScaleDownLimit")),
        ({}, 6, 30, (10, "TooManyReplicas")),
    ],
)
def test_one_step_goes_no_further_than_allowed(
    behavior: Object | None, current: int, wanted: int, expected: tuple[int, str]
) -> None:
    spec = {"minReplicas": 1, "maxReplicas": 10, "behavior": behavior}
    assert _limited(spec, current, wanted)[:2] == expected


async def test_unknown_target_is_said(lab: Living) -> None:
    wrong = scaler(80)
    wrong["spec"]["scaleTargetRef"]["name"] = "nobody"
    lab.store.create(AUTOSCALERS, wrong)
    await lab.until(lambda: reason(lab, "AbleToScale") == "FailedGetScale", "no target")
    assert lab.events("FailedGetScale") == ['deployments/scale.apps "nobody" not found']


def test_metrics_are_one_sample_per_window(lab: Living) -> None:
    nodes, pods = lab.world.node_usage(), lab.world.pod_usage()
    assert len(nodes) == 6
    assert len(pods) >= 50
    web = next(each for each in pods if each.pod.startswith("ratings-web"))
    assert 60 <= web.containers["ratings-web"].cpu_millicores <= 110  # 20 of 60 requests a second each
    assert web.containers["ratings-web"].at % 15 == 0
    lab.board.set("node-notready", "k8s-linuxpool-35064155-0")
    lab.world.metrics._window = -1
    assert "k8s-linuxpool-35064155-0" not in lab.world.node_usage()
