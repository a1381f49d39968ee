"""Details: what is read around an object, gaps where it cannot be, YAML without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Forbidden, NotFound, UsageError
from backends.model.scope import PodScope
from backends.operations.details import Details
from tests.support.clock import ManualClock
from tests.support.fakes import FakeCluster


def meta(name: str, uid: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "default", "uid": uid or name, **more}


@pytest.fixture
def cluster() -> FakeCluster:
    """A deployment with a ReplicaSet of its own, one of another, a pod that crashes, and its events."""
    found = FakeCluster("orlando")
    template = {"spec": {"containers": [{"name": "web", "image": "registry/web:v1"}]}}
    found.objects["deployments", "default", "web"] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta("web", "d1"),
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": {"replicas": 1, "unavailableReplicas": 1},
    }
    for name, owner in (("web-1", "d1"), ("other-1", "d2")):
        found.objects["replicasets.apps", "default", name] = {
            "metadata": meta(name, ownerReferences=[{"kind": "Deployment", "name": "x", "uid": owner}]),
            "spec": {"replicas": 1},
            "status": {"readyReplicas": 0},
        }
    found.objects["pods", "default", "web-1-a"] = {
        "metadata": meta("web-1-a", "p1"),
        "spec": template["spec"],
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "web",
                    "restartCount": 4,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
                }
            ],
        },
    }
    for name, about, at in (("e2", "web-1-a", "14:02:00"), ("e1", "web", "14:01:00"), ("e3", "else", "14:03:00")):
        found.objects["events", "default", name] = {
            "metadata": meta(name),
            "involvedObject": {"kind": "Pod" if about != "web" else "Deployment", "name": about, "uid": about},
            "type": "Warning",
            "reason": "BackOff",
            "message": f"about {about}",
            "lastTimestamp": f"2026-11-23T{at}Z",
        }
    found.objects["events", "default", "e1"]["involvedObject"]["uid"] = "d1"
    return found


@pytest.fixture
def details(cluster: FakeCluster) -> Details:
    return Details({"orlando": cluster}, ManualClock())


async def test_a_deployment_with_its_children_events_and_the_cause(details: Details) -> None:
    detail = await details.describe("orlando", "deployments", "web", "default")
    assert detail.title == "Deployment default/web on orlando"
    assert [(child.kind, child.name, child.resource, child.state) for child in detail.children] == [
        ("ReplicaSet", "web-1", "replicasets.apps", "0/1 ready"),
        ("Pod", "web-1-a", "pods", "CrashLoopBackOff"),
    ]
    assert [event.message for event in detail.events] == ["about web", "about web-1-a"]
    assert detail.findings[0].text == "0 of 1 pods are ready"
    assert detail.findings[1].text == (
        "pod default/web-1-a: container web keeps crashing, 4 restarts: "
        "it needed more memory than its limit (OOMKilled, exit code 137)"
    )
    assert detail.findings[1].todo == "raise its memory limit or find the leak"
    assert detail.gaps == ()


async def test_what_cannot_be_read_is_a_gap(details: Details, cluster: FakeCluster) -> None:
    cluster.failing["list_objects"] = Forbidden("events", why="no RBAC rule")
    detail = await details.describe("orlando", "deployments", "web", "default")
    assert detail.name == "web"
    assert detail.gaps == (
        "its events could not be read: no RBAC rule",
        "its pods could not be read: no RBAC rule",
        "its children could not be read: no RBAC rule",
    )


async def test_an_object_that_is_not_there_is_said(details: Details) -> None:
    with pytest.raises(NotFound):
        await details.describe("orlando", "deployments", "nothing", "default")
    with pytest.raises(UsageError, match="no stamp 'nowhere'"):
        await details.describe("nowhere", "deployments", "web", "default")


async def test_pods_behind_an_object(details: Details, cluster: FakeCluster) -> None:
    assert await details.pods_of("orlando", "deployments", "web", "default") == PodScope("default", "app=web")
    cluster.objects["nodes", "", "node-0"] = {"kind": "Node", "metadata": {"name": "node-0"}}
    assert await details.pods_of("orlando", "nodes", "node-0") == PodScope(None, field_selector="spec.nodeName=node-0")
    cluster.objects["configmaps", "default", "c"] = {"kind": "ConfigMap", "metadata": meta("c")}
    assert await details.pods_of("orlando", "configmaps", "c", "default") is None


async def test_containers(details: Details) -> None:
    (container,) = await details.containers("orlando", "default", "web-1-a")
    assert (container.name, container.state, container.restarts) == ("web", "Waiting: CrashLoopBackOff", 4)


async def test_yaml_masks_secrets_until_asked(details: Details, cluster: FakeCluster) -> None:
    cluster.objects["secrets", "default", "s"] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**meta("s"), "managedFields": [{"manager": "x"}]},
        "data": {"password": "aHVudGVyMjI="},
    }
    masked = await details.yaml("orlando", "secrets", "s", "default")
    assert "aHVudGVyMjI=" not in masked
    assert "(8 bytes)" in masked
    assert "managedFields" not in masked
    assert "aHVudGVyMjI=" in await details.yaml("orlando", "secrets", "s", "default", reveal_secrets=True)
