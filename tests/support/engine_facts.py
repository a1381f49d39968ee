"""A stamp on which nothing is in the way of a run, to be spoilt by tests in one point each."""

from __future__ import annotations

from typing import Any

from backends.model.azure_stack import MachineState, Usage, VirtualMachine
from backends.model.engine.api_model import ApiModel, Pool
from backends.model.engine.command import Upgrade
from backends.model.engine.vm_facts import Probe, VmFacts
from backends.model.preflight.facts import PreflightFacts
from backends.model.room import NodeOffer, PodRequest, Room
from tests.support.node_objects import Object, a_budget, a_node, a_pod

SUFFIX = "35064155"
VERSION, TARGET = "1.33.10", "1.34.4"
IMAGE = "microsoft-aks:aks:aks-engine-azurestack-ubuntu-2204:2026.139.1"


def a_model(**changes: Any) -> ApiModel:
    """Return the api model of a cluster of three masters and three agents."""
    made: dict[str, Any] = {
        "path": "/home/azureuser/_output/k8s-orlando/apimodel.json",
        "version": VERSION,
        "dns_prefix": "k8s-orlando",
        "location": "orlando",
        "suffix": SUFFIX,
        "masters": Pool("master", 3, "Standard_DS2_v2"),
        "pools": (Pool("linuxpool", 3, "Standard_DS3_v2"),),
        "api_server": "k8s-orlando.orlando.cloudapp.azurestack.external",
        "sha256": "a" * 64,
    }
    return ApiModel(**{**made, **changes})


def node_name(pool: str, index: int) -> str:
    """Return a node's name as aks-engine gives it."""
    return f"k8s-{pool}-{SUFFIX}-{index}"


def cluster_nodes(
    version: str = VERSION, *, masters: int = 3, agents: int = 3, not_ready: tuple[str, ...] = ()
) -> list[Object]:
    """Return the cluster's nodes."""
    made = [("master", each) for each in range(masters)] + [("linuxpool", each) for each in range(agents)]
    nodes = []
    for pool, index in made:
        name = node_name(pool, index)
        labels = {"kubernetes.io/role": "master"} if pool == "master" else {"agentpool": pool}
        node = a_node(name, labels=labels, ready="False" if name in not_ready else "True")
        node["spec"]["providerID"] = f"azure:///subscriptions/s/resourceGroups/k8s-orlando/providers/x/{name}"
        node["status"]["nodeInfo"] = {"kubeletVersion": f"v{version}"}
        nodes.append(node)
    return nodes


def machines(version: str = VERSION, *, masters: int = 3, agents: int = 3) -> list[VirtualMachine]:
    """Return the cluster's machines, tagged."""
    made = [("master", each) for each in range(masters)] + [("linuxpool", each) for each in range(agents)]
    return [
        VirtualMachine(
            node_name(pool, index), "Standard_DS2_v2", MachineState.RUNNING, pool, version, SUFFIX, "v0.85.0", IMAGE
        )
        for pool, index in made
    ]


def a_look(**changes: Any) -> VmFacts:
    """Return a look at a helper VM that lacks nothing."""
    made: dict[str, Any] = {
        "missing": (),
        "free_bytes": 8 * 2**30,
        "skew_s": 0.4,
        "boot_id": "boot",
        "kills_left_processes": False,
        "locks_work": True,
        "proc_hidden": True,
        "probes": {each: Probe(True, "") for each in ("arm", "login", "providers", "kubernetes")},
    }
    return VmFacts(**{**made, **changes})


def a_room(agents: int = 3) -> Room:
    """Return agents of four cores, a pod of one core on each."""
    names = [node_name("linuxpool", each) for each in range(agents)]
    nodes = tuple(NodeOffer(name, 4000, 8 * 2**30) for name in names)
    pods = tuple(PodRequest("default", f"web-{at}", 1000, 2**20, name, "ReplicaSet") for at, name in enumerate(names))
    return Room(nodes, pods)


def good_facts(**changes: Any) -> PreflightFacts:
    """Return facts with which no rule refuses or warns, changed as asked."""
    made: dict[str, Any] = {
        "stamp": "orlando",
        "command": Upgrade(TARGET),
        "now": 1_790_000_000.0,
        "resource_group": "k8s-orlando",
        "location": "orlando",
        "engine": "v0.85.0",
        "offered": (TARGET,),
        "model": a_model(),
        "vm": a_look(),
        "nodes": cluster_nodes(),
        "pods": [a_pod("web-1", node_name("linuxpool", 0)), a_pod("web-2", node_name("linuxpool", 1))],
        "budgets": [a_budget("web")],
        "workloads": [{"metadata": {"name": "web", "namespace": "default"}, "spec": {"replicas": 3}}],
        "room": a_room(),
        "jobs": (),
        "elsewhere": {"seattle": ()},
        "machines": machines(),
        "images": {IMAGE: True},
        "usages": [Usage("cores", 18, 100), Usage("virtualMachines", 6, 50)],
    }
    return PreflightFacts(**{**made, **changes})
