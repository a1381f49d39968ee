"""What is built: names, roles, the application; the same for the same seed; large on request."""

from __future__ import annotations

import random

import pytest

from backends.lab.clock import LabClock
from backends.lab.estate import build_estate, plan_stamps
from backends.lab.objects import ObjectStore
from backends.lab.world.pods import is_ready


def built(seed: int = 1, **options: int | str) -> ObjectStore:
    plan = plan_stamps(1, seed=seed, **options)[0]  # type: ignore[arg-type]
    store = ObjectStore(LabClock(), random.Random(seed))
    build_estate(plan, store)
    return store


def names(store: ObjectStore, resource: str, namespace: str | None = None) -> list[str]:
    return [each["metadata"]["name"] for each in store.listing(resource, namespace)]


def test_default_stamp_is_the_one_of_the_guide() -> None:
    store = built()
    assert names(store, "nodes") == [
        *(f"k8s-linuxpool-35064155-{number}" for number in range(3)),
        *(f"k8s-master-35064155-{number}" for number in range(3)),
    ]
    assert "ratings-mongodb-0" in names(store, "pods", "default")
    assert {"ratings-web", "ratings-api"} <= set(names(store, "deployments.apps", "default"))
    controller = store.get("services", "default", "nginx-ingress-1588931383-controller")
    assert controller["status"]["loadBalancer"]["ingress"][0]["ip"].endswith(".10")
    marked = [s for s in store.each("services") if s["metadata"]["labels"].get("kubernetes.io/cluster-service")]
    assert {each["metadata"]["labels"]["kubernetes.io/name"] for each in marked} == {
        "CoreDNS",
        "Metrics-server",
        "kubernetes-dashboard",
    }
    assert all(is_ready(pod) for pod in store.each("pods"))
    assert all(pod["metadata"]["annotations"]["kubernetes.io/config.mirror"] for pod in store.each("pods")
               if pod["metadata"]["name"].startswith("kube-apiserver"))  # fmt: skip
    master = store.get("nodes", "", "k8s-master-35064155-0")
    assert master["metadata"]["labels"]["kubernetes.azure.com/role"] == "master"
    assert "node-role.kubernetes.io/master" in master["metadata"]["labels"]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 9])
def test_as_many_nodes_as_asked(count: int) -> None:
    store = built(nodes=count)
    assert len(names(store, "nodes")) == count
    assert any(name.startswith("k8s-linuxpool") for name in names(store, "nodes"))
    assert all(pod["spec"]["nodeName"] in names(store, "nodes") for pod in store.each("pods"))
    assert all(is_ready(pod) for pod in store.each("pods"))


def test_same_seed_same_names_and_another_seed_others() -> None:
    assert names(built(), "pods") == names(built(), "pods")
    assert names(built(), "pods") != names(built(seed=2), "pods")
    assert [p.name for p in plan_stamps(12)][:2] == ["orlando", "seattle"]
    plans = plan_stamps(12)
    assert len({plan.cluster_id for plan in plans}) == len({plan.name for plan in plans}) == 12


@pytest.mark.parametrize(("pods", "nodes", "expected_nodes"), [(10_000, None, 103), (500, 10, 10), (3000, 6, 6)])
def test_large_stamps_fit_on_their_nodes(pods: int, nodes: int | None, expected_nodes: int) -> None:
    options = {"pods": pods} if nodes is None else {"pods": pods, "nodes": nodes}
    store = built(**options)
    assert store.count("pods") == pods
    assert store.count("nodes") == expected_nodes
    on_node: dict[str, int] = {}
    for pod in store.each("pods"):
        on_node[pod["spec"]["nodeName"]] = on_node.get(pod["spec"]["nodeName"], 0) + 1
    for node in store.each("nodes"):
        assert on_node[node["metadata"]["name"]] <= int(node["status"]["capacity"]["pods"])
    own = [pod["status"]["podIP"] for pod in store.each("pods") if not pod["spec"].get("hostNetwork")]
    assert len(set(own)) == len(own) > pods * 0.9


def test_old_version_has_its_own_ways() -> None:
    store = built(version="v1.20.2")
    node = store.get("nodes", "", "k8s-master-35064155-0")
    assert node["status"]["nodeInfo"]["containerRuntimeVersion"] == "docker://19.3.14"
    assert node["spec"]["taints"][0]["key"] == "node-role.kubernetes.io/master"
    assert any(name.startswith("omsagent-") for name in names(store, "pods", "kube-system"))
