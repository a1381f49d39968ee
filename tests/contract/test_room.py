"""What pods request and nodes offer, as the lab and a real server send it."""

from __future__ import annotations

from functools import partial
from typing import Any

from backends.kubernetes import Cluster
from tests.contract.subject import Subject, send
from tests.support.waiting import eventually

_MI = 2**20


def _container(name: str, cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    requests = {"cpu": cpu, "memory": memory}
    return {"name": name, "image": "registry.example/web:v1", "resources": {"requests": requests}, **more}


async def _make(cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
    body = {"metadata": {"name": name}, "spec": spec}
    await send(cluster, "POST", f"/api/v1/namespaces/{namespace}/pods", body)


async def test_requests_are_counted_as_the_scheduler_does(cluster: Cluster, namespace: str) -> None:
    nowhere = {"nodeSelector": {"no-such": "node"}}
    two = [_container("web", "250m", "100Mi"), _container("proxy", "0.5", "28Mi")]
    await _make(cluster, namespace, "sum", containers=two, **nowhere)
    init = [_container("migrate", "2", "64Mi"), _container("warm", "100m", "512Mi")]
    await _make(cluster, namespace, "init", containers=two, initContainers=init, **nowhere)
    bare = {"name": "web", "image": "registry.example/web:v1"}
    await _make(cluster, namespace, "bare", containers=[bare], **nowhere)
    found = {each.name: each for each in (await cluster.room()).pods if each.namespace == namespace}
    assert {name: (each.cpu_millicores, each.memory_bytes // _MI, each.node) for name, each in found.items()} == {
        "sum": (750, 128, ""),
        "init": (2000, 512, ""),
        "bare": (0, 0, ""),
    }


async def test_owners_and_nodes_are_told_and_ended_pods_left_out(
    subject: Subject, cluster: Cluster, namespace: str
) -> None:
    await subject.pod(cluster, namespace, "web-1")
    node = await subject.node(cluster)
    room = await cluster.room()
    (pod,) = (each for each in room.pods if each.namespace == namespace)
    assert (pod.name, pod.node, pod.owner_kind) == ("web-1", node, "")
    offer = next(each for each in room.nodes if each.name == node)
    assert offer.takes_pods and offer.cpu_millicores > 0 and offer.memory_bytes > 0 and offer.pods > 0
    await send(cluster, "DELETE", f"/api/v1/namespaces/{namespace}/pods/web-1", {"gracePeriodSeconds": 0})
    assert not [each for each in (await cluster.room()).pods if each.namespace == namespace]


async def test_a_cordoned_node_offers_nothing(subject: Subject, cluster: Cluster) -> None:
    node = await subject.node(cluster)
    merge = "application/merge-patch+json"
    for takes_pods in (False, True):
        await send(cluster, "PATCH", f"/api/v1/nodes/{node}", {"spec": {"unschedulable": not takes_pods}}, merge)
        # The taint of a cordon comes and goes a moment later, by a controller.
        await eventually(partial(_takes_pods, cluster, node, takes_pods))


async def _takes_pods(cluster: Cluster, node: str, wanted: bool) -> bool:
    found = next(each for each in (await cluster.room()).nodes if each.name == node)
    return found.takes_pods is wanted
