"""Dry runs, deletions, evictions, scale, locks and reviews are answered as the real server answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.api.asked_writes import DELETIONS, DRY_RUNS
from tests.lab.api.compared import VERSION, Request, differences
from tests.lab.api.support import Lab, running_lab
from tests.lab.api.test_writing import PODS, deployment
from tests.support.control_plane import ControlPlane, running_control_plane

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]

_BUDGETS = "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
_ACCESS = "/apis/authorization.k8s.io/v1"
_STATEFUL_SETS = "/apis/apps/v1/namespaces/default/statefulsets"
_DAEMON_SETS = "/apis/apps/v1/namespaces/default/daemonsets"
_NODES = "/api/v1/nodes"
_SCALERS_V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
_SCALERS = "/apis/autoscaling/v2beta2/namespaces/default/horizontalpodautoscalers"
_PODS_OF_A_SET = {key: deployment()["spec"][key] for key in ("selector", "template")}
_NEXT = [{"name": "web", "image": "web:v2"}]
_QUOTAS = "/api/v1/namespaces/default/resourcequotas"


def _pod(name: str, app: str = "web", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "web", "image": "web:v1"}]
    spec = {"automountServiceAccountToken": False, "containers": containers, **spec}
    return {"metadata": {"name": name, "labels": {"app": app}}, "spec": spec}


def _ready(pod_phase: str = "Running", ready: str = "True") -> dict[str, Any]:
    times = {"lastProbeTime": "2026-01-02T03:04:05Z", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    return {"status": {"phase": pod_phase, "conditions": [{"type": "Ready", "status": ready, **times}]}}


def _budget(name: str, app: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": app}}, **spec}}


def _counted(allowed: int, healthy: int, desired: int, expected: int, generation: int = 1) -> dict[str, Any]:
    return {
        "status": {
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "observedGeneration": generation,
        }
    }


def _evict(name: str, query: str = "", **options: Any) -> Request:
    body = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": name}}
    return "POST", f"{PODS}/{name}/eviction{query}", body | options, None


def _review(**attributes: str) -> Request:
    return "POST", f"{_ACCESS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": attributes}}, None


def _lease(holder: str, **meta: Any) -> dict[str, Any]:
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 30, "renewTime": "2026-01-02T03:04:05.678901Z"}
    return {"metadata": {"name": "stampdeck", **meta}, "spec": spec}


PODS_AND_BUDGETS: tuple[Request, ...] = (
    ("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}}, None),
    ("POST", f"{PODS}?dryRun=All", _pod("web-9", nodeName="node-0"), None),
    *(("POST", PODS, _pod(f"web-{each}", nodeName="node-0"), None) for each in range(4)),
    *(("PATCH", f"{PODS}/web-{each}/status", _ready(), "merge") for each in range(4)),
    ("POST", PODS, _pod("sick-0", app="sick", nodeName="node-0"), None),
    ("PATCH", f"{PODS}/sick-0/status", _ready(ready="False"), "merge"),
    ("POST", PODS, _pod("done-0", app="done", nodeName="node-0"), None),
    ("PATCH", f"{PODS}/done-0/status", _ready("Succeeded", "False"), "merge"),
    ("POST", PODS, _pod("idle-0", app="idle"), None),
    _evict("nope"),
    _evict("web-0", "?dryRun=All"),
    ("GET", f"{PODS}/web-0", None, None),
    ("POST", f"{PODS}/web-0/eviction", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0"}}, None),
    (
        "POST",
        f"{PODS}/web-0/eviction",
        {"apiVersion": "policy/v9", "kind": "Eviction", "metadata": {"name": "web-0"}},
        None,
    ),
    (
        "POST",
        f"{PODS}/web-0/eviction",
        {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "q"}},
        None,
    ),
    ("GET", f"{PODS}/web-0/eviction", None, None),
    _evict("web-0", deleteOptions={"preconditions": {"uid": "x"}}),
    _evict("web-0", deleteOptions={"dryRun": ["All"]}),
    _evict("web-0", deleteOptions={"dryRun": ["Some"]}),
    _evict("web-0", deleteOptions={"gracePeriodSeconds": 7}),
    ("GET", f"{PODS}/web-0", None, None),
    _evict("web-0"),
    ("GET", f"{PODS}/web-0", None, None),
    ("POST", f"{_BUDGETS}?dryRun=All", _budget("web", "web", minAvailable=2), None),
    ("POST", _BUDGETS, _budget("web", "web", minAvailable=2), None),
    ("POST", _BUDGETS, _budget("percent", "web", minAvailable="x%"), None),
    ("POST", _BUDGETS, _budget("negative", "web", maxUnavailable=-1), None),
    _evict("web-1"),
    ("PATCH", f"{_BUDGETS}/web/status", _counted(0, 2, 2, 3), "merge"),
    _evict("web-1"),
    _evict("web-1", "?dryRun=All"),
    ("PATCH", f"{_BUDGETS}/web/status", _counted(-1, 2, 2, 3), "merge"),
    _evict("web-1"),
    ("PATCH", f"{_BUDGETS}/web/status", _counted(1, 3, 2, 3), "merge"),
    _evict("web-1", "?dryRun=All"),
    ("GET", f"{_BUDGETS}/web", None, None),
    _evict("web-1"),
    ("GET", f"{_BUDGETS}/web", None, None),
    _evict("web-2"),
    ("PATCH", f"{_BUDGETS}/web", {"spec": {"minAvailable": 1}}, "merge"),
    _evict("web-2"),
    ("POST", _BUDGETS, _budget("sick", "sick", minAvailable=1), None),
    ("PATCH", f"{_BUDGETS}/sick/status", _counted(0, 0, 1, 1), "merge"),
    _evict("sick-0"),
    ("PATCH", f"{_BUDGETS}/sick/status", _counted(0, 1, 1, 2), "merge"),
    _evict("sick-0"),
    ("GET", f"{PODS}/sick-0", None, None),
    ("POST", _BUDGETS, _budget("second", "web", minAvailable=1), None),
    _evict("web-2"),
    _evict("done-0"),
    ("GET", f"{PODS}/done-0", None, None),
    _evict("idle-0"),
    ("GET", f"{PODS}/idle-0", None, None),
    ("DELETE", f"{PODS}/web-2?dryRun=All", None, None),
    ("GET", f"{PODS}/web-2", None, None),
    ("DELETE", f"{PODS}/web-2", {"gracePeriodSeconds": 90}, None),
    ("DELETE", f"{PODS}/web-2", {"gracePeriodSeconds": 100}, None),
    ("DELETE", f"{PODS}/web-2", {"gracePeriodSeconds": 5}, None),
    ("DELETE", f"{PODS}/web-2", {"gracePeriodSeconds": 0}, None),
    ("GET", f"{PODS}/web-2", None, None),
    ("DELETE", f"{PODS}?labelSelector=app%3Dweb", {"gracePeriodSeconds": 3}, None),
    ("DELETE", f"{PODS}/web-3", {"gracePeriodSeconds": 0, "preconditions": {"uid": "x"}}, None),
    ("DELETE", f"{PODS}?labelSelector=app%3Dweb&gracePeriodSeconds=0", None, None),
    ("GET", PODS, None, None),
    ("DELETE", f"{_BUDGETS}/web", None, None),
)

NODES: tuple[Request, ...] = (
    (
        "POST",
        f"{_NODES}?dryRun=All",
        {"metadata": {"name": "n", "labels": {"a": "b"}}, "spec": {"podCIDR": "10.1.0.0/24"}},
        None,
    ),
    ("POST", _NODES, {"metadata": {"name": "n", "labels": {"a": "b"}}, "spec": {"podCIDR": "10.1.0.0/24"}}, None),
    ("PATCH", f"{_NODES}/n?dryRun=All&fieldManager=us", {"spec": {"unschedulable": True}}, "strategic"),
    ("GET", f"{_NODES}/n", None, None),
    ("PATCH", f"{_NODES}/n?fieldManager=us", {"spec": {"unschedulable": True}}, "strategic"),
    ("PATCH", f"{_NODES}/n?fieldManager=us", {"spec": {"unschedulable": None}}, "strategic"),
    ("PATCH", f"{_NODES}/n", {"spec": {"unschedulable": "yes"}}, "strategic"),
    ("PATCH", f"{_NODES}/n", {"spec": {"taints": [{"key": "a", "effect": "Sometimes"}]}}, "strategic"),
    ("PATCH", f"{_NODES}/n", {"spec": {"podCIDR": "10.2.0.0/24"}}, "merge"),
    ("PATCH", f"{_NODES}/n", {"spec": {"providerID": "x"}}, "merge"),
    ("PATCH", f"{_NODES}/n", {"spec": {"providerID": "y"}}, "merge"),
    ("DELETE", f"{_NODES}/n?dryRun=All", None, None),
    ("DELETE", f"{_NODES}/n", None, None),
)

LOCKS_AND_ACCESS: tuple[Request, ...] = (
    ("POST", f"{_LEASES}?dryRun=All", _lease("ada"), None),
    ("POST", _LEASES, _lease("ada"), None),
    ("POST", _LEASES, _lease("bob"), None),
    ("PUT", f"{_LEASES}/stampdeck", _lease("bob", resourceVersion="1"), None),
    ("PUT", f"{_LEASES}/stampdeck", _lease("bob", uid="x"), None),
    ("PUT", f"{_LEASES}/stampdeck?dryRun=All", _lease("bob"), None),
    ("PUT", f"{_LEASES}/stampdeck", _lease("bob"), None),
    ("PATCH", f"{_LEASES}/stampdeck", {"spec": {"leaseDurationSeconds": 0}}, "merge"),
    ("PATCH", f"{_LEASES}/stampdeck", {"spec": {"leaseTransitions": -1}}, "merge"),
    ("PATCH", f"{_LEASES}/stampdeck", {"metadata": {"resourceVersion": "1"}}, "merge"),
    ("PUT", f"{_LEASES}/other", _lease("ada"), None),
    ("PUT", f"{_LEASES}/other", {"metadata": {"name": "other"}, "spec": {"holderIdentity": "bob"}}, None),
    ("DELETE", f"{_LEASES}/stampdeck", {"preconditions": {"resourceVersion": "1"}}, None),
    ("DELETE", f"{_LEASES}/stampdeck", None, None),
    _review(verb="create", resource="pods", subresource="eviction", namespace="default"),
    _review(verb="patch", group="apps", resource="deployments", subresource="scale", namespace="default", name="web"),
    _review(verb="delete", resource="nodes", name="n"),
    _review(verb="*", group="*", resource="*"),
    (
        "POST",
        f"{_ACCESS}/selfsubjectaccessreviews",
        {"spec": {"nonResourceAttributes": {"path": "/x", "verb": "get"}}},
        None,
    ),
    (
        "POST",
        f"{_ACCESS}/selfsubjectaccessreviews?dryRun=All",
        {"spec": {"nonResourceAttributes": {"path": "/x", "verb": "get"}}},
        None,
    ),
    (
        "POST",
        f"{_ACCESS}/subjectaccessreviews",
        {"spec": {"user": "ada", "resourceAttributes": {"verb": "get", "resource": "pods"}}},
        None,
    ),
    (
        "POST",
        f"{_ACCESS}/subjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
        None,
    ),
    ("POST", f"{_ACCESS}/selfsubjectrulesreviews", {"spec": {}}, None),
)

AUTOSCALERS: tuple[Request, ...] = (
    (
        "POST",
        f"{_SCALERS_V1}?dryRun=All",
        {
            "metadata": {"name": "s"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "maxReplicas": 4,
                "targetCPUUtilizationPercentage": 80,
            },
        },
        None,
    ),
    (
        "POST",
        _SCALERS_V1,
        {
            "metadata": {"name": "s"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "maxReplicas": 4,
                "targetCPUUtilizationPercentage": 80,
            },
        },
        None,
    ),
    ("GET", f"{_SCALERS}/s", None, None),
    ("PATCH", f"{_SCALERS_V1}/s", {"spec": {"maxReplicas": 0}}, "merge"),
    ("PATCH", f"{_SCALERS_V1}/s", {"spec": {"minReplicas": 0}}, "merge"),
    ("PATCH", f"{_SCALERS_V1}/s", {"spec": {"minReplicas": 9}}, "merge"),
    ("PATCH", f"{_SCALERS_V1}/s", {"spec": {"targetCPUUtilizationPercentage": 0}}, "merge"),
    (
        "PATCH",
        f"{_SCALERS}/s",
        {"spec": {"metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]}},
        "merge",
    ),
    ("PATCH", f"{_SCALERS}/s", {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}}, "merge"),
    ("GET", f"{_SCALERS_V1}/s", None, None),
    ("PATCH", f"{_SCALERS_V1}/s", {"spec": {"maxReplicas": 6}}, "merge"),
    ("GET", f"{_SCALERS}/s", None, None),
    ("DELETE", f"{_SCALERS_V1}/s?dryRun=All", None, None),
    ("DELETE", f"{_SCALERS}/s", None, None),
    (
        "POST",
        _SCALERS_V1,
        {"metadata": {"name": "t"}, "spec": {"scaleTargetRef": {"kind": "Deployment"}, "maxReplicas": 4}},
        None,
    ),
    (
        "POST",
        _SCALERS_V1,
        {"metadata": {"name": "t"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}},
        None,
    ),
)

OTHER_WORKLOADS: tuple[Request, ...] = (
    ("POST", _STATEFUL_SETS, {"metadata": {"name": "db"}, "spec": {**deployment()["spec"], "serviceName": "db"}}, None),
    ("PATCH", f"{_STATEFUL_SETS}/db", {"spec": {"serviceName": "other"}}, "merge"),
    ("PATCH", f"{_STATEFUL_SETS}/db/scale?dryRun=All", {"spec": {"replicas": 3}}, "merge"),
    ("POST", _DAEMON_SETS, {"metadata": {"name": "ds"}, "spec": _PODS_OF_A_SET}, None),
    (
        "PATCH",
        f"{_DAEMON_SETS}/ds?fieldManager=us",
        {"spec": {"template": {"spec": {"containers": _NEXT}}}},
        "strategic",
    ),
    ("PATCH", f"{_DAEMON_SETS}/ds", {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}}, "merge"),
    ("GET", f"{_DAEMON_SETS}/ds/scale", None, None),
    ("DELETE", f"{_DAEMON_SETS}/ds", {"propagationPolicy": "Background"}, None),
    ("DELETE", f"{_STATEFUL_SETS}/db", {"propagationPolicy": "Foreground"}, None),
    ("POST", _QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "3", "requests.cpu": "1"}}}, None),
    ("PATCH", f"{_QUOTAS}/q", {"spec": {"hard": {"pods": "-1"}}}, "merge"),
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("writes"), controllers=False) as running:
        yield running


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path, version=VERSION) as running:
        yield running


_NEWER_OWNERSHIP = ("autoscalers", "workloads")
"""Groups whose managedFields are not compared: references to objects have been one piece since later versions."""
GROUPS = {
    "dry-runs": DRY_RUNS,
    "deletions": DELETIONS,
    "budgets": PODS_AND_BUDGETS,
    "nodes": NODES,
    "locks": LOCKS_AND_ACCESS,
    "autoscalers": AUTOSCALERS,
    "workloads": OTHER_WORKLOADS,
}


@pytest.mark.parametrize("group", GROUPS)
async def test_the_same_answers(plane: ControlPlane, lab: Lab, group: str) -> None:
    """Each group is asked in a namespace of its own, so that none meets what another left behind."""
    requests: list[Request] = [
        ("POST", "/api/v1/namespaces", {"metadata": {"name": group}}, None),
        *((how, path.replace("/default/", f"/{group}/"), body, kind) for how, path, body, kind in GROUPS[group]),
    ]
    different = await differences(plane, lab, requests, owners=group not in _NEWER_OWNERSHIP)
    assert not different, different
