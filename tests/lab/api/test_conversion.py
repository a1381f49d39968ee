"""One stored object in several API versions: out and back in loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.kubernetes import catalog
from backends.lab.kubernetes.conversion import HPA, accept, present

VERSION = "v1.20.2"
STORED = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}


def _metric(name: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": name, "target": target}}


_METRICS = st.tuples(st.integers(1, 100), st.integers(1, 100), st.booleans()).map(
    lambda drawn: [_metric("cpu", drawn[0])] + ([_metric("memory", drawn[1])] if drawn[2] else [])
)


@pytest.mark.parametrize("version", ["v1", "v2beta1", "v2beta2"])
@given(metrics=_METRICS, most=st.integers(1, 50))
def test_autoscalers(version: str, metrics: list[dict[str, Any]], most: int) -> None:
    resource = catalog.find(VERSION, "autoscaling", version, "horizontalpodautoscalers")
    stored = catalog.preferred(VERSION, HPA)
    assert resource is not None
    assert stored is not None
    obj = {**STORED, "metadata": {"name": "web"}, "spec": {"maxReplicas": most, "metrics": metrics}, "status": {}}
    shown = present(obj, resource)
    assert shown["apiVersion"] == f"autoscaling/{version}"
    back = accept(shown, resource, stored)
    assert back["spec"] == obj["spec"]
    assert back["metadata"] == obj["metadata"]
    assert back["apiVersion"] == "autoscaling/v2"


def test_events() -> None:
    resource = catalog.find(VERSION, "events.k8s.io", "v1", "events")
    stored = catalog.preferred(VERSION, "events")
    assert resource is not None
    assert stored is not None
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "web-0"},
        "message": "stopped",
        "count": 3,
        "lastTimestamp": "2026-11-23T10:00:00Z",
        "source": {"component": "kubelet"},
    }
    shown = present(event, resource)
    assert (shown["note"], shown["deprecatedCount"]) == ("stopped", 3)
    assert accept(shown, resource, stored) == event
