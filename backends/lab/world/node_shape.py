"""What the nodes of one stamp look like, whether they stood there from the start or join later."""

from __future__ import annotations

import random
from dataclasses import dataclass

from backends.lab.clock import rfc3339
from backends.lab.objects import Object
from backends.lab.world.nodes import healthy_conditions, node_info
from backends.lab.world.shapes import new_object

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
MASTER_SIZE = "Standard_DS2_v2"
AGENT_SIZE = "Standard_DS3_v2"
MASTER_POOL = "master"
_MASTER_CAPACITY = ("2", "8148Mi")
_RESERVED_MIB = 750


@dataclass(frozen=True, slots=True)
class NodeShape:
    """What all nodes of a stamp have in common; `agent_memory` in the form `16011Mi`."""

    stamp: str
    cluster_id: str
    agent_cores: str
    agent_memory: str
    pods_per_node: int

    @property
    def resource_group(self) -> str:
        """The group of the stamp that holds the cluster's machines."""
        return f"k8s-{self.stamp}"

    def node_name(self, pool: str, position: int) -> str:
        """Return a node's name as aks-engine gives it."""
        return f"k8s-{pool}-{self.cluster_id}-{position}"

    def place(self, name: str) -> tuple[str, int] | None:
        """Return pool and index of a machine of this cluster by its name, None for any other."""
        head, _, index = name.rpartition("-")
        prefix, suffix = "k8s-", f"-{self.cluster_id}"
        if not index.isdigit() or not head.startswith(prefix) or not head.endswith(suffix):
            return None
        pool = head[len(prefix) : -len(suffix)]
        return (pool, int(index)) if pool else None

    def capacity(self, pool: str) -> Object:
        """Return status.capacity of a node of a pool."""
        cores, memory = _MASTER_CAPACITY if pool == MASTER_POOL else (self.agent_cores, self.agent_memory)
        return {"cpu": cores, "ephemeral-storage": "30298176Ki", "memory": memory, "pods": str(self.pods_per_node)}

    def provider_id(self, name: str) -> str:
        """Return spec.providerID of a node."""
        path = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{self.resource_group}/providers/Microsoft.Compute"
        return f"azure://{path}/virtualMachines/{name}"


@dataclass(frozen=True, slots=True)
class NewNode:
    """What is particular to one node: `version` as v1.29.15, `at` simulated seconds of its registration."""

    name: str
    pool: str
    version: str
    address: str
    pod_cidr: str
    size: str
    at: float
    ready: bool = True


def master_address(index: int) -> str:
    """Return the fixed address of a master."""
    return f"10.240.255.{5 + index}"


def agent_address(position: int) -> str:
    """Return the address of the agent at a position."""
    return f"10.240.{position >> 8}.{4 + (position & 255) % 250}"


def new_node(shape: NodeShape, node: NewNode, dice: random.Random) -> Object:
    """Return a Node as aks-engine's provisioning registers it, with the labels its masters add."""
    minor = int(node.version.split(".")[1])
    spec: Object = {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr], "providerID": shape.provider_id(node.name)}
    if node.pool == MASTER_POOL:
        key = "node-role.kubernetes.io/master" if minor < 24 else "node-role.kubernetes.io/control-plane"
        spec["taints"] = [{"key": key, "value": "true", "effect": "NoSchedule"}]
    capacity = shape.capacity(node.pool)
    status = {
        "capacity": capacity,
        "allocatable": {**capacity, "memory": f"{int(capacity['memory'][:-2]) - _RESERVED_MIB}Mi"},
        "conditions": healthy_conditions(node.at, ready=node.ready),
        "addresses": [{"type": "InternalIP", "address": node.address}, {"type": "Hostname", "address": node.name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {**node_info(node.version), **_identities(dice)},
        "images": [],
    }
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    return new_object(
        "nodes", node.name, created=rfc3339(node.at), labels=_labels(shape, node), annotations=annotations, spec=spec,
        status=status,
    )  # fmt: skip


def _labels(shape: NodeShape, node: NewNode) -> dict[str, str]:
    role = "master" if node.pool == MASTER_POOL else "agent"
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": node.size,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": shape.stamp,
        "failure-domain.beta.kubernetes.io/zone": "0",
        "kubernetes.azure.com/cluster": shape.resource_group,
        "kubernetes.azure.com/role": role,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/role": role,
        f"node-role.kubernetes.io/{role}": "",
        "node.kubernetes.io/instance-type": node.size,
        "topology.kubernetes.io/region": shape.stamp,
        "topology.kubernetes.io/zone": "0",
    }
    if role == "agent":
        return labels | {"agentpool": node.pool, "storageprofile": "managed", "storagetier": "Premium_LRS"}
    return labels | {
        "node.kubernetes.io/exclude-disruption": "true",
        "node.kubernetes.io/exclude-from-external-load-balancers": "true",
    }


def _identities(dice: random.Random) -> Object:
    identity = f"{dice.getrandbits(128):032x}"
    boot = f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-a{identity[17:20]}-{identity[20:]}"
    return {"machineID": f"{dice.getrandbits(128):032x}", "systemUUID": boot.upper(), "bootID": boot}
