"""DELETE: at once, with grace, with finalizers and preconditions; scale, eviction and binding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.api.support import Lab, config_map, pod, running_lab
from tests.lab.api.test_writing import DEPLOYMENTS, MAPS, PODS, deployment


async def test_most_objects_go_at_once(lab: Lab) -> None:
    created = (await lab.ask(MAPS, "POST", config_map("a"))).json
    answer = await lab.ask(f"{MAPS}/a", "DELETE", {"propagationPolicy": "Background"})
    assert answer.status == 200
    assert answer.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]},
    }
    assert (await lab.ask(f"{MAPS}/a")).status == 404


async def test_pods_get_their_grace(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0", terminationGracePeriodSeconds=20))
    answer = await lab.ask(f"{PODS}/web-0", "DELETE")
    meta = answer.json["metadata"]
    assert (answer.json["kind"], meta["deletionGracePeriodSeconds"]) == ("Pod", 20)
    assert meta["deletionTimestamp"] > meta["creationTimestamp"]
    longer = await lab.ask(f"{PODS}/web-0", "DELETE", {"gracePeriodSeconds": 90})
    assert longer.json["metadata"]["deletionGracePeriodSeconds"] == 20
    shorter = await lab.ask(f"{PODS}/web-0?gracePeriodSeconds=5", "DELETE")
    assert shorter.json["metadata"]["deletionGracePeriodSeconds"] == 5
    assert (await lab.ask(f"{PODS}/web-0", "DELETE", {"gracePeriodSeconds": 0})).status == 200
    assert lab.store.find("pods", "default", "web-0") is None


async def test_pods_on_no_node_go_at_once(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0", nodeName=""))
    await lab.ask(f"{PODS}/web-0", "DELETE")
    assert lab.store.find("pods", "default", "web-0") is None


async def test_finalizers_hold_an_object_back(lab: Lab) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["ops.example/wait"]
    await lab.ask(MAPS, "POST", body)
    answer = await lab.ask(f"{MAPS}/a", "DELETE")
    assert (answer.json["kind"], "deletionTimestamp" in answer.json["metadata"]) == ("ConfigMap", True)
    assert (await lab.ask(f"{MAPS}/a")).status == 200
    await lab.patch(f"{MAPS}/a", {"metadata": {"finalizers": None}})
    assert (await lab.ask(f"{MAPS}/a")).status == 404


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_propagation_leaves_work_to_the_collector(lab: Lab, policy: str, finalizer: str) -> None:
    await lab.ask(DEPLOYMENTS, "POST", deployment())
    answer = await lab.ask(f"{DEPLOYMENTS}/web", "DELETE", {"propagationPolicy": policy})
    assert answer.json["metadata"]["finalizers"] == [finalizer]
    assert lab.store.find("deployments.apps", "default", "web") is not None


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"preconditions": {"uid": "x"}}, 409, "the UID in the precondition (x) does not match the UID in record"),
        (
            {"preconditions": {"resourceVersion": "1"}},
            409,
            "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record",
        ),
        (
            {"propagationPolicy": "foo"},
            422,
            'propagationPolicy: Unsupported value: "foo": supported values: "Foreground", "Background", "Orphan", '
            '"nil"',
        ),
    ],
)
async def test_deletions_that_are_refused(lab: Lab, body: Any, status: int, message: str) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    answer = await lab.ask(f"{MAPS}/a", "DELETE", body)
    assert answer.status == status
    assert message in answer.json["message"]
    assert (await lab.ask(f"{MAPS}/a")).status == 200


async def test_dry_run(lab: Lab) -> None:
    await lab.ask(MAPS, "POST", config_map("a"))
    assert (await lab.ask(f"{MAPS}/a?dryRun=All", "DELETE")).json["status"] == "Success"
    assert (await lab.ask(f"{MAPS}/a")).status == 200


async def test_a_collection(lab: Lab) -> None:
    for name in ("web-0", "web-1", "api-0"):
        lab.store.create("pods", pod(name, nodeName=""))
    answer = await lab.ask(f"{PODS}?labelSelector=app%3Dweb", "DELETE")
    assert answer.json["kind"] == "PodList"
    assert [each["metadata"]["name"] for each in lab.store.listing("pods")] == ["api-0"]


async def test_namespaces_become_terminating(lab: Lab) -> None:
    await lab.ask("/api/v1/namespaces", "POST", {"metadata": {"name": "team"}})
    answer = await lab.ask("/api/v1/namespaces/team", "DELETE")
    assert answer.json["status"]["phase"] == "Terminating"
    late = await lab.ask("/api/v1/namespaces/team/configmaps", "POST", {"metadata": {"name": "a"}})
    assert (late.status, late.json["message"]) == (
        403,
        'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated',
    )
    assert (await lab.ask("/api/v1/namespaces/default", "DELETE")).status == 403


# scale


async def test_scale(lab: Lab) -> None:
    await lab.ask(DEPLOYMENTS, "POST", deployment())
    path = f"{DEPLOYMENTS}/web/scale"
    seen = (await lab.ask(path)).json
    assert (seen["kind"], seen["spec"], seen["status"]["selector"]) == ("Scale", {"replicas": 1}, "app=web")
    assert (await lab.patch(path, {"spec": {"replicas": 3}})).json["spec"] == {"replicas": 3}
    assert (await lab.ask(path, "PUT", seen)).status == 409
    seen["metadata"].pop("resourceVersion")
    seen["spec"]["replicas"] = 5
    assert (await lab.ask(path, "PUT", seen)).json["spec"] == {"replicas": 5}
    stored = lab.store.get("deployments.apps", "default", "web")
    assert (stored["spec"]["replicas"], stored["metadata"]["generation"]) == (5, 3)
    wrong = await lab.patch(path, {"spec": {"replicas": -1}})
    assert wrong.json["message"] == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )
    missing = await lab.ask(f"{DEPLOYMENTS}/nope/scale")
    assert (missing.status, missing.json["message"]) == (404, 'deployments/scale.apps "nope" not found')


# eviction


def _budget(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec},
    }


async def _evict(lab: Lab, name: str, version: str = "v1", query: str = "") -> Any:
    body = {"apiVersion": f"policy/{version}", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    return await lab.ask(f"{PODS}/{name}/eviction{query}", "POST", body)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_eviction_is_a_graceful_deletion(lab: Lab, version: str) -> None:
    lab.store.create("pods", pod("web-0"))
    answer = await _evict(lab, "web-0", version)
    assert (answer.status, answer.json["status"]) == (201, "Success")
    assert "deletionTimestamp" in lab.store.get("pods", "default", "web-0")["metadata"]


def _counted(allowed: int, desired: int, healthy: int) -> dict[str, Any]:
    """Return what the controller of budgets writes of one."""
    counts = {"disruptionsAllowed": allowed, "desiredHealthy": desired, "currentHealthy": healthy}
    return {"status": {**counts, "expectedPods": 3, "observedGeneration": 1}}


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_budgets(lab: Lab, allowed: int) -> None:
    names = ["web-0", "web-1", "web-2"]
    for name in names:
        lab.store.create("pods", pod(name))
    lab.store.create(
        "poddisruptionbudgets.policy", _budget(minAvailable=3 - allowed) | _counted(allowed, 3 - allowed, 3)
    )
    assert (await _evict(lab, names[0], query="?dryRun=All")).status == (201 if allowed else 429)
    answers = [await _evict(lab, name) for name in names]
    assert [answer.status for answer in answers] == [201] * allowed + [429] * (3 - allowed)
    refused = answers[-1].json
    assert refused["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused["reason"] == "TooManyRequests"
    assert refused["details"]["causes"][0]["reason"] == "DisruptionBudget"
    assert refused["details"]["causes"][0]["message"].startswith(f"The disruption budget web needs {3 - allowed}")
    spent = lab.store.get("poddisruptionbudgets.policy", "default", "web")["status"]
    assert (spent["disruptionsAllowed"], sorted(spent.get("disruptedPods", {}))) == (0, names[:allowed])


async def test_a_budget_that_was_not_counted_yet_allows_nothing(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    lab.store.create("poddisruptionbudgets.policy", _budget(minAvailable=0))
    answer = await _evict(lab, "web-0")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
    assert answer.json["details"]["causes"][0]["message"].endswith("is still being processed by the server.")


@pytest.mark.parametrize(
    ("spec", "status", "code"),
    [
        ({}, _counted(0, 1, 0), 429),
        ({}, _counted(0, 1, 1), 201),
        ({"unhealthyPodEvictionPolicy": "IfHealthyBudget"}, _counted(0, 1, 0), 429),
        ({"unhealthyPodEvictionPolicy": "AlwaysAllow"}, _counted(0, 1, 0), 201),
    ],
)
async def test_pods_that_are_not_ready_may_go_when_enough_are_healthy(
    lab: Lab, spec: dict[str, Any], status: dict[str, Any], code: int
) -> None:
    broken = pod("web-0")
    broken["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    lab.store.create("pods", broken)
    lab.store.create("poddisruptionbudgets.policy", _budget(minAvailable=1, **spec) | status)
    assert (await _evict(lab, "web-0")).status == code


@pytest.mark.parametrize(("version", "served"), [("v1.20.2", False), ("v1.25.0", False), ("v1.27.0", True)])
async def test_the_policy_for_unhealthy_pods_is_known_where_it_is_served(
    tmp_path: Path, version: str, served: bool
) -> None:
    async with running_lab(tmp_path, version=version) as lab:
        group = "policy/v1" if version >= "v1.21" else "policy/v1beta1"
        body = {**_budget(minAvailable=1, unhealthyPodEvictionPolicy="AlwaysAllow"), "apiVersion": group}
        made = await lab.ask(f"/apis/{group}/namespaces/default/poddisruptionbudgets", "POST", body)
        assert made.status == 201
        assert ("unhealthyPodEvictionPolicy" in made.json["spec"]) is served


async def test_two_budgets_for_one_pod(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    for name in ("a", "b"):
        budget = _budget(minAvailable=0)
        budget["metadata"]["name"] = name
        lab.store.create("poddisruptionbudgets.policy", budget)
    answer = await _evict(lab, "web-0")
    assert answer.status == 500
    assert "more than one PodDisruptionBudget" in answer.json["message"]


async def test_binding(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0", nodeName=""))
    body = {"metadata": {"name": "web-0"}, "target": {"kind": "Node", "name": "node-3"}}
    assert (await lab.ask(f"{PODS}/web-0/binding", "POST", body)).status == 201
    bound = lab.store.get("pods", "default", "web-0")
    assert bound["spec"]["nodeName"] == "node-3"
    assert bound["status"]["conditions"][-1]["type"] == "PodScheduled"
    assert (await lab.ask(f"{PODS}/web-0/binding", "POST", body)).status == 409
