"""Who may do what, and how a refusal reads."""

from __future__ import annotations

import pytest

from backends.errors import Forbidden, Unauthorized
from backends.kubernetes import Cluster
from backends.model.health import Health
from tests.contract.subject import Subject, send
from tests.support.waiting import eventually, until


async def test_access_reviews(subject: Subject, cluster: Cluster, namespace: str) -> None:
    assert (await cluster.may("delete", "pods", namespace=namespace))[0]
    assert (await cluster.may("update", "deploy", namespace=namespace, subresource="scale"))[0]
    async with subject.cluster("viewer") as viewer:
        assert not (await viewer.may("delete", "pods", namespace=namespace))[0]
        assert not (await viewer.may("create", "pods", namespace=namespace, subresource="eviction"))[0]


async def test_a_missing_right_is_forbidden(subject: Subject) -> None:
    async with subject.cluster("viewer") as viewer:
        assert (await viewer.version()).startswith("v1.")
        with pytest.raises(Forbidden, match='cannot list resource "pods" in API group ""'):
            await viewer.list_objects("pods")
        async with viewer.reflect("pods") as pods:
            await until(lambda: pods.state.value.health is Health.FORBIDDEN)
            state = pods.state.value
            assert "pods is forbidden" in state.reason
            assert state.todo
            assert state.retry_at


async def test_unknown_credentials_are_unauthorized(subject: Subject) -> None:
    async with subject.cluster("stranger") as stranger:
        with pytest.raises(Unauthorized) as refused:
            await stranger.version()
        assert "nobody-knows-this-token" not in str(refused.value)
        async with stranger.reflect("nodes") as nodes:
            await until(lambda: nodes.state.value.health is Health.UNAUTHORIZED)


async def test_discovery_names_what_kubectl_names(cluster: Cluster) -> None:
    kinds = {kind.full_name: kind for kind in await cluster.kinds()}
    assert kinds["pods"].short_names == ("po",)
    assert kinds["pods"].namespaced
    assert {"log", "exec", "eviction", "status"} <= set(kinds["pods"].subresources)
    assert not kinds["nodes"].namespaced
    deployments = kinds["deployments.apps"]
    assert (deployments.kind, deployments.singular, deployments.api_version) == ("Deployment", "deployment", "apps/v1")
    assert {"deploy", "deployments", "deployment", "deployments.apps"} <= set(deployments.names)
    assert "scale" in deployments.subresources
    assert "selfsubjectaccessreviews.authorization.k8s.io" not in kinds, "cannot be listed"
    for name in ("horizontalpodautoscalers.autoscaling", "leases.coordination.k8s.io", "ingresses.networking.k8s.io"):
        assert name in kinds
    order = list(kinds)
    assert order.index("events") < order.index("events.events.k8s.io"), "a core kind wins over its namesake"


async def test_allocatable_of_ready_nodes(subject: Subject, cluster: Cluster) -> None:
    name = await subject.node(cluster)
    cpu_millicores, memory_bytes = (await cluster.node_allocatable())[name]
    assert 1000 <= cpu_millicores <= 10_000
    assert 1 << 30 <= memory_bytes <= 1 << 35


async def test_custom_kinds_are_followed_with_their_columns(subject: Subject, cluster: Cluster, namespace: str) -> None:
    group = f"{namespace}.example"
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        "additionalPrinterColumns": [{"name": "Crew", "type": "integer", "jsonPath": ".spec.crew"}],
    }
    names = {"plural": "saucers", "singular": "saucer", "kind": "Saucer", "shortNames": ["ufo"]}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"saucers.{group}"},
        "spec": spec,
    }
    await send(cluster, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)

    async def is_served() -> bool:
        return any(kind.full_name == f"saucers.{group}" for kind in await cluster.kinds(refresh=True))

    await eventually(is_served)
    if subject.name == "lab":
        # 1.20 built with Go 1.18 or newer crashes when a custom object is written (reflect2 before 1.0.2).
        saucer = {"apiVersion": f"{group}/v1", "kind": "Saucer", "metadata": {"name": "one"}, "spec": {"crew": 3}}
        await send(cluster, "POST", f"/apis/{group}/v1/namespaces/{namespace}/saucers", saucer)
    async with cluster.reflect(f"saucer.{group}", namespace=namespace) as saucers:
        await until(lambda: saucers.state.value.is_live)
        assert [column.name for column in saucers.store.columns] == ["Name", "Crew"]
        cells = [row.cells for row in saucers.store.rows.values()]
        assert cells == ([("one", 3)] if subject.name == "lab" else [])
