"""What writes rely on: conflicts, the four patches, scale, eviction within budgets, compare-and-swap."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Conflict, Invalid, SourceError, Throttled
from backends.kubernetes import Cluster
from tests.contract.subject import PATCHES, Subject, send


def _deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": "web", "image": "registry.example/web:v1", "env": [{"name": "A", "value": "1"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


async def test_an_outdated_write_conflicts(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    first = await send(cluster, "POST", path, {"metadata": {"name": "one"}, "data": {"a": "1"}})
    await send(cluster, "PUT", f"{path}/one", first | {"data": {"a": "2"}})
    with pytest.raises(Conflict, match="the object has been modified"):
        await send(cluster, "PUT", f"{path}/one", first | {"data": {"a": "3"}})
    with pytest.raises(Conflict, match="already exists"):
        await send(cluster, "POST", path, {"metadata": {"name": "one"}})
    assert (await cluster.get("cm", "one", namespace))["data"] == {"a": "2"}


async def test_patches_mean_what_their_type_says(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await send(cluster, "POST", path, _deployment("web"))
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "image": "registry.example/s:v1"}]}}}}

    merged_by_name = await send(cluster, "PATCH", f"{path}/web", sidecar, PATCHES["strategic"])
    containers = merged_by_name["spec"]["template"]["spec"]["containers"]
    assert {each["name"] for each in containers} == {"sidecar", "web"}

    operations = [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "replace", "path": "/spec/replicas", "value": 3},
    ]
    patched = await send(cluster, "PATCH", f"{path}/web", operations, PATCHES["json"])
    assert patched["spec"]["replicas"] == 3
    with pytest.raises(Invalid):
        await send(cluster, "PATCH", f"{path}/web", operations, PATCHES["json"])

    replaced = await send(cluster, "PATCH", f"{path}/web", sidecar, PATCHES["merge"])
    assert [each["name"] for each in replaced["spec"]["template"]["spec"]["containers"]] == ["sidecar"]


async def test_apply_owns_fields(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/applied"
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": "1", "b": "1"}}
    await send(cluster, "PATCH", path, applied, PATCHES["apply"], fieldManager="first")
    # What the same manager no longer mentions goes away.
    again = await send(cluster, "PATCH", path, applied | {"data": {"a": "2"}}, PATCHES["apply"], fieldManager="first")
    assert again["data"] == {"a": "2"}
    with pytest.raises(Conflict, match='conflict with "first"'):
        await send(cluster, "PATCH", path, applied | {"data": {"a": "3"}}, PATCHES["apply"], fieldManager="second")
    forced = await send(
        cluster, "PATCH", path, applied | {"data": {"a": "3"}}, PATCHES["apply"], fieldManager="second", force="true"
    )
    assert forced["data"] == {"a": "3"}


async def test_scale_is_a_resource_of_its_own(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await send(cluster, "POST", path, _deployment("web", replicas=1))
    scale = await send(cluster, "GET", f"{path}/web/scale")
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)
    outdated = scale | {"spec": {"replicas": 5}}
    # Without a version the write is unconditional: controllers may have touched the object meanwhile.
    unconditional = scale["metadata"] | {"resourceVersion": ""}
    await send(cluster, "PUT", f"{path}/web/scale", scale | {"metadata": unconditional, "spec": {"replicas": 2}})
    assert (await cluster.get("deploy", "web", namespace))["spec"]["replicas"] == 2
    with pytest.raises(Conflict):
        await send(cluster, "PUT", f"{path}/web/scale", outdated)
    await send(cluster, "PATCH", f"{path}/web/scale", {"spec": {"replicas": 0}}, PATCHES["merge"])
    assert (await cluster.get("deploy", "web", namespace))["spec"]["replicas"] == 0


async def test_eviction_respects_the_budget(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    version = next(kind.version for kind in await cluster.kinds() if kind.resource == "poddisruptionbudgets")
    budgets = f"/apis/policy/{version}/namespaces/{namespace}/poddisruptionbudgets"
    budget = {
        "apiVersion": f"policy/{version}",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    await send(cluster, "POST", budgets, budget)
    await subject.budget_counted(cluster, f"{budgets}/web")
    eviction = {"apiVersion": f"policy/{version}", "kind": "Eviction", "metadata": {"name": "web-1"}}
    path = f"/api/v1/namespaces/{namespace}/pods/web-1/eviction"
    with pytest.raises(Throttled, match="would violate the pod's disruption budget"):
        await send(cluster, "POST", path, eviction)
    # Refused, not delayed: what else is asked goes on at once, and nothing was deleted.
    assert "deletionTimestamp" not in (await cluster.get("pods", "web-1", namespace))["metadata"]
    await send(cluster, "DELETE", f"{budgets}/web")
    await send(cluster, "POST", path, eviction)
    try:
        assert (await cluster.get("pods", "web-1", namespace))["metadata"]["deletionTimestamp"]
    except SourceError as gone:
        assert "not found" in gone.why


async def test_leases_compare_and_swap(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    spec = {"holderIdentity": "ada", "leaseDurationSeconds": 30}
    held = await send(cluster, "POST", path, {"metadata": {"name": "stampdeck"}, "spec": spec})
    renewed = held | {"spec": spec | {"renewTime": "2026-01-02T03:04:05.678901Z"}}
    taken = await send(cluster, "PUT", f"{path}/stampdeck", renewed)
    assert taken["spec"]["renewTime"] == "2026-01-02T03:04:05.678901Z"
    with pytest.raises(Conflict):
        await send(cluster, "PUT", f"{path}/stampdeck", held | {"spec": spec | {"holderIdentity": "bob"}})
    assert (await cluster.get("leases", "stampdeck", namespace))["spec"]["holderIdentity"] == "ada"


async def test_what_makes_no_sense_is_refused_in_words(cluster: Cluster, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    wrong = _deployment("web")
    wrong["spec"]["selector"]["matchLabels"] = {"app": "other"}
    with pytest.raises(Invalid, match="`selector` does not match template `labels`"):
        await send(cluster, "POST", path, wrong)
