"""Services, endpoints, budgets, and what goes with a deleted owner or namespace."""

from __future__ import annotations

from backends.lab.objects import Object
from backends.lab.world.endpoints import SLICES
from backends.lab.world.shapes import new_object, with_metadata
from tests.lab.world.conftest import Living, workload


def addresses(lab: Living, name: str) -> list[str]:
    found = lab.store.find("endpoints", "default", name) or {}
    return [each["targetRef"]["name"] for part in found.get("subsets") or () for each in part.get("addresses") or ()]


async def test_endpoints_follow_readiness(lab: Living) -> None:
    pods = lab.pods("ratings-web")
    assert addresses(lab, "ratings-web") == [pod["metadata"]["name"] for pod in pods]
    lab.world.kubelet.crash(pods[0])
    await lab.until(lambda: pods[0]["metadata"]["name"] not in addresses(lab, "ratings-web"), "taken out")
    await lab.until(lambda: len(addresses(lab, "ratings-web")) == 3, "back in")
    uid = lab.store.get("services", "default", "ratings-web")["metadata"]["uid"]
    (piece,) = lab.world.cluster.index.owned(uid, SLICES)
    assert [each["conditions"]["ready"] for each in piece["endpoints"]] == [True] * 3
    assert piece["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]


async def test_load_balancer_gets_an_address(lab: Living) -> None:
    spec: Object = {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "ratings-web"}}
    lab.store.create("services", new_object("services", "public", "default", spec=spec))

    def ingress() -> list[Object]:
        status = lab.store.get("services", "default", "public").get("status") or {}
        return list(status.get("loadBalancer", {}).get("ingress") or ())

    await lab.until(lambda: bool(ingress()), "address")
    controller = lab.store.get("services", "default", "nginx-ingress-1588931383-controller")
    assert ingress() != controller["status"]["loadBalancer"]["ingress"]
    assert lab.events("EnsuredLoadBalancer") == ["Ensured load balancer"]


async def test_budget_counts_what_may_be_evicted(lab: Living) -> None:
    def status() -> Object:
        found: Object = lab.store.get("poddisruptionbudgets.policy", "default", "ratings-api")["status"]
        return found

    assert (status()["disruptionsAllowed"], status()["expectedPods"], status()["desiredHealthy"]) == (1, 2, 1)
    lab.world.kubelet.crash(lab.pods("ratings-api")[0])
    await lab.until(lambda: status()["disruptionsAllowed"] == 0, "no more")
    assert status()["conditions"][0]["reason"] == "InsufficientPods"
    await lab.until(lambda: status()["disruptionsAllowed"] == 1, "one again")
    lab.edit("poddisruptionbudgets.policy", "ratings-api", minAvailable="100%")
    await lab.until(lambda: status()["desiredHealthy"] == 2, "both")
    assert status()["disruptionsAllowed"] == 0


async def test_dependents_go_with_their_owner(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 2))
    await lab.until(lambda: len(lab.ready("demo")) == 2, "2 ready")
    lab.store.remove("deployments.apps", "default", "demo")
    await lab.until(lambda: not lab.store.listing("replicasets.apps", "default") or not lab.pods("demo"), "going")
    await lab.until(
        lambda: (
            not any(
                each["metadata"]["name"].startswith("demo")
                for kind in ("replicasets.apps", "pods")
                for each in lab.store.each(kind)
            )
        ),
        "all gone",
    )


async def test_foreground_deletion_waits_for_the_pods(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 2))
    await lab.until(lambda: len(lab.ready("demo")) == 2, "2 ready")
    ending = with_metadata(
        lab.deployment("demo"), deletionTimestamp="2026-11-23T10:00:00Z", finalizers=["foregroundDeletion"]
    )
    lab.store.replace("deployments.apps", ending)
    order: list[str] = []

    def gone() -> bool:
        if lab.store.find("deployments.apps", "default", "demo") is None:
            order.append("deployment")
        if not any(pod["metadata"]["name"].startswith("demo") for pod in lab.store.each("pods")):
            order.append("pods")
        return "deployment" in order

    await lab.until(gone, "gone")
    assert order[0] == "pods"


async def test_orphans_stay(lab: Living) -> None:
    lab.store.create("deployments.apps", workload("demo", 1))
    await lab.until(lambda: len(lab.ready("demo")) == 1, "ready")
    ending = with_metadata(lab.deployment("demo"), deletionTimestamp="2026-11-23T10:00:00Z", finalizers=["orphan"])
    lab.store.replace("deployments.apps", ending)
    await lab.until(lambda: lab.store.find("deployments.apps", "default", "demo") is None, "gone")
    (replica_set,) = [rs for rs in lab.store.each("replicasets.apps") if rs["metadata"]["name"].startswith("demo")]
    assert "ownerReferences" not in replica_set["metadata"]
    assert len(lab.ready("demo")) == 1


async def test_namespace_is_emptied_and_let_go(lab: Living) -> None:
    lab.store.create("namespaces", new_object("namespaces", "shop", spec={"finalizers": ["kubernetes"]}))
    demo = workload("demo", 2)
    demo["metadata"]["namespace"] = "shop"
    lab.store.create("deployments.apps", demo)
    await lab.until(lambda: len(lab.ready("demo", "shop")) == 2, "2 ready")
    ending = with_metadata(lab.store.get("namespaces", "", "shop"), deletionTimestamp="2026-11-23T10:00:00Z")
    lab.store.replace("namespaces", ending)
    await lab.until(lambda: lab.store.find("namespaces", "", "shop") is None, "gone")
    assert not [kind for kind in lab.store.resources() if kind != "events" and lab.store.listing(kind, "shop")]


async def test_repeated_events_are_counted(lab: Living) -> None:
    pod = lab.pods("ratings-web")[0]
    for _ in range(3):
        lab.world.cluster.events.record(pod, "Warning", "Unhealthy", "Readiness probe failed", "kubelet")
    (event,) = [each for each in lab.store.each("events") if each["reason"] == "Unhealthy"]
    assert (event["count"], event["type"], event["involvedObject"]["kind"]) == (3, "Warning", "Pod")
