"""What nodes and pods use, and what is said where nobody measures it."""

from __future__ import annotations

import pytest

from backends.errors import NotFound
from backends.kubernetes import Cluster
from tests.contract.subject import Subject


async def test_usage_of_nodes_and_pods(subject: Subject, cluster: Cluster, namespace: str) -> None:
    if subject.name == "real":
        # There is no metrics-server beside it.
        with pytest.raises(NotFound, match=r"metrics\.k8s\.io"):
            await cluster.node_usage()
        with pytest.raises(NotFound, match=r"metrics\.k8s\.io"):
            await cluster.pod_usage(namespace)
        return
    nodes = {each["metadata"]["name"] for each in await cluster.list_objects("nodes")}
    allocatable = await cluster.node_allocatable()
    usage = await cluster.node_usage()
    assert set(usage) == nodes == set(allocatable)
    for name, (cpu_millicores, memory_bytes) in usage.items():
        assert 0 < cpu_millicores <= allocatable[name][0]
        assert 0 < memory_bytes <= allocatable[name][1]

    pods = await cluster.pod_usage("default")
    ready = await cluster.list_objects("pods", namespace="default", selector="app=ratings-web")
    assert {("default", each["metadata"]["name"]) for each in ready} & set(pods)
    assert all(0 < cpu_millicores < 8000 and memory_bytes > 1 << 20 for cpu_millicores, memory_bytes in pods.values())
    assert {namespace for namespace, _ in await cluster.pod_usage()} >= {"default", "kube-system"}
