"""Who may do what, and how a refusal reads."""

from __future__ import annotations

import pytest

from backends.errors import Forbidden, Unauthorized
from backends.kubernetes import Cluster
from backends.model.health import Health
from tests.contract.subject import Subject
from tests.support.waiting import until


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
