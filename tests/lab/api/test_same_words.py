"""The same requests to the lab and to a real kube-apiserver of the same version get the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.lab.api.compared import VERSION, Request, differences
from tests.lab.api.support import Lab, running_lab
from tests.lab.api.test_writing import DEPLOYMENTS, MAPS, PODS, deployment
from tests.support.control_plane import ControlPlane, running_control_plane

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]

_SERVICES = "/api/v1/namespaces/default/services"
_SCALERS = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
_MAP = {"metadata": {"name": "a"}, "data": {"x": "1"}}
_APPLIED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"x": "9"}}
_POD = {
    "metadata": {"name": "p"},
    "spec": {"automountServiceAccountToken": False, "containers": [{"name": "web", "image": "web:v1"}]},
}

REQUESTS: tuple[Request, ...] = (
    ("POST", MAPS, _MAP, None),
    ("POST", MAPS, _MAP, None),
    ("POST", MAPS, {"metadata": {"name": "A_"}}, None),
    ("POST", MAPS, {"metadata": {"name": "b", "namespace": "x"}}, None),
    ("POST", MAPS, {"metadata": {"name": "b", "resourceVersion": "1"}}, None),
    ("POST", MAPS, {}, None),
    ("POST", MAPS, {"kind": "Foo", "apiVersion": "v1"}, None),
    ("POST", "/api/v1/namespaces/nope/configmaps", _MAP, None),
    ("GET", f"{MAPS}/a", None, None),
    ("GET", f"{MAPS}/nope", None, None),
    ("PUT", f"{MAPS}/a", {"metadata": {"name": "a", "resourceVersion": "1"}}, None),
    ("PUT", f"{MAPS}/a", {"metadata": {"name": "b"}}, None),
    ("PUT", f"{MAPS}/nope", {"metadata": {"name": "nope"}}, None),
    ("PATCH", f"{MAPS}/a", {"data": {"y": "2"}}, "merge"),
    ("PATCH", f"{MAPS}/a", {"data": {"x": None}}, "strategic"),
    ("PATCH", f"{MAPS}/a", [{"op": "add", "path": "/data/z", "value": "3"}], "json"),
    ("PATCH", f"{MAPS}/a", [{"op": "replace", "path": "/data/q/z", "value": "3"}], "json"),
    ("PATCH", f"{MAPS}/a", {"metadata": {"resourceVersion": "1"}}, "merge"),
    ("PATCH", f"{MAPS}/a", {"data": {}}, None),
    ("PATCH", f"{MAPS}/c?fieldManager=one", _APPLIED, "apply"),
    ("PATCH", f"{MAPS}/c?fieldManager=two", {**_APPLIED, "data": {"x": "8"}}, "apply"),
    ("PATCH", f"{MAPS}/c?fieldManager=two&force=true", {**_APPLIED, "data": {"x": "8"}}, "apply"),
    ("PATCH", f"{MAPS}/c?fieldManager=one", {**_APPLIED, "data": {"y": "1"}}, "apply"),
    ("PATCH", f"{MAPS}/c", _APPLIED, "apply"),
    ("DELETE", f"{MAPS}/a", {"propagationPolicy": "foo"}, None),
    ("DELETE", f"{MAPS}/a", {"preconditions": {"resourceVersion": "1"}}, None),
    ("DELETE", f"{MAPS}/a?dryRun=foo", None, None),
    ("DELETE", f"{MAPS}/a?dryRun=All", None, None),
    ("DELETE", f"{MAPS}/a", None, None),
    ("POST", DEPLOYMENTS, {"metadata": {"name": "b"}, "spec": {}}, None),
    ("POST", DEPLOYMENTS, deployment(replicas=-1), None),
    ("POST", f"{DEPLOYMENTS}?fieldManager=one", deployment(), None),
    ("PATCH", f"{DEPLOYMENTS}/web?fieldManager=two", {"spec": {"replicas": 3}}, "strategic"),
    (
        "PATCH",
        f"{DEPLOYMENTS}/web?fieldManager=two",
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "A", "value": "1"}]}]}}}},
        "strategic",
    ),
    ("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"selector": {"matchLabels": {"app": "z"}}}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web?fieldManager=three", deployment(replicas=7), "apply"),
    ("GET", f"{DEPLOYMENTS}/web/scale", None, None),
    ("PATCH", f"{DEPLOYMENTS}/web/scale?fieldManager=four", {"spec": {"replicas": 4}}, "merge"),
    ("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -4}}, "merge"),
    ("GET", f"{DEPLOYMENTS}/nope/scale", None, None),
    ("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Background"}, None),
    ("POST", _SERVICES, {"metadata": {"name": "b"}, "spec": {}}, None),
    ("POST", _SERVICES, {"metadata": {"name": "b"}, "spec": {"ports": [{"port": 99999}]}}, None),
    ("POST", _SCALERS, {"metadata": {"name": "b"}, "spec": {"minReplicas": 5, "maxReplicas": 1}}, None),
    ("POST", "/apis/batch/v1/namespaces/default/jobs", {"metadata": {"name": "b"}, "spec": {}}, None),
    ("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}}, None),
    ("POST", PODS, _POD, None),
    ("PATCH", f"{PODS}/p", {"metadata": {"labels": {"a": "b"}}}, "merge"),
    ("GET", f"{PODS}/p/log", None, None),
    ("GET", f"{PODS}/p/log?container=nope", None, None),
    ("GET", f"{PODS}/p/log?tailLines=-1", None, None),
    ("GET", f"{PODS}/p/log?tailLines=x", None, None),
    ("POST", f"{PODS}/p/eviction", {"kind": "Eviction", "metadata": {"name": "q"}}, None),
    ("GET", f"{PODS}/nope/log", None, None),
    ("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0}, None),
    ("GET", "/api/v1/pods?fieldSelector=spec.foo%3Da", None, None),
    ("GET", "/api/v1/configmaps?fieldSelector=spec.foo%3Da", None, None),
    ("GET", "/api/v1/pods?labelSelector=a%3Dx%20y", None, None),
    ("GET", "/api/v1/pods?labelSelector=a%3D%3D%3D", None, None),
    ("GET", "/api/v1/pods?labelSelector=a%20in%20(x", None, None),
    ("GET", "/api/v1/pods?labelSelector=a%3D-x", None, None),
    ("GET", "/api/v1/pods?limit=abc", None, None),
    ("GET", "/api/v1/pods?resourceVersion=abc", None, None),
    ("GET", "/api/v1/pods?resourceVersion=1&resourceVersionMatch=foo", None, None),
    ("GET", "/api/v1/pods?resourceVersion=0&resourceVersionMatch=Exact", None, None),
    ("GET", "/api/v1/pods?watch=1&resourceVersionMatch=NotOlderThan", None, None),
    ("GET", "/api/v1/podz", None, None),
    ("GET", "/apis/apps/v9", None, None),
    ("PUT", "/api/v1/pods", {}, None),
    (
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}},
        None,
    ),
    ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {}}, None),
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("same"), controllers=False) as running:
        yield running


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path, version=VERSION) as running:
        yield running


async def test_the_same_answers(plane: ControlPlane, lab: Lab) -> None:
    different = await differences(plane, lab, REQUESTS)
    assert not different, different
