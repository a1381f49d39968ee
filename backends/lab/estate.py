"""What stands on each stamp when the lab starts: nodes, kube-system, the ratings application, filler."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from backends.lab.clock import rfc3339, rfc3339_micro
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.application_estate import build_application
from backends.lab.world.builder import CLUSTER_AGE_S, Builder
from backends.lab.world.filler import build_filler
from backends.lab.world.nodes import healthy_conditions, node_info, node_lease
from backends.lab.world.shapes import new_object
from backends.lab.world.system_estate import build_system

_SITES: Sequence[tuple[str, str]] = (
    ("orlando", "Orlando, FL"),
    ("seattle", "Seattle, WA"),
    ("munich", "Munich, Germany"),
    ("osaka", "Osaka, Japan"),
    ("lyon", "Lyon, France"),
    ("perth", "Perth, Australia"),
    ("toronto", "Toronto, Canada"),
    ("oslo", "Oslo, Norway"),
    ("madrid", "Madrid, Spain"),
    ("denver", "Denver, CO"),
)
_CLUSTER_IDS = {"orlando": "35064155", "seattle": "26990970", "munich": "27637064"}
_PODS_PER_NODE = 110


@dataclass(frozen=True, slots=True)
class StampPlan:
    """What one stamp is built as; `network` is the /24 its public addresses come from."""

    name: str
    location: str
    cluster_id: str
    masters: int
    agents: int
    pods: int
    version: str
    network: str

    def node_name(self, pool: str, position: int) -> str:
        """Return a node's name as aks-engine gives it."""
        return f"k8s-{pool}-{self.cluster_id}-{position}"


def plan_stamps(
    count: int, *, seed: int = 1, nodes: int | None = None, pods: int | None = None, version: str = "v1.29.15"
) -> list[StampPlan]:
    """Plan `count` stamps; names past the tenth are numbered."""
    plans = []
    for position in range(count):
        name, location = _SITES[position] if position < len(_SITES) else (f"stamp-{position + 1}", "")
        dice = random.Random(f"{seed}{name}")
        cluster_id = _CLUSTER_IDS.get(name) or str(dice.randrange(10_000_000, 99_999_999))
        total = nodes or max(6 if (pods or 0) <= 200 else 8, -(-(pods or 0) // 100) + 3)
        masters = 3 if total >= 6 else 1 if total > 1 else 0
        network = f"20.{40 + position}.{dice.randrange(1, 250)}"
        plans.append(
            StampPlan(name, location, cluster_id, masters, max(1, total - masters), pods or 0, version, network)
        )
    return plans


def build_estate(plan: StampPlan, store: ObjectStore) -> None:
    """Fill an empty store with a stamp that has run for days: everything is ready, nothing is pending."""
    builder = Builder(store, plan.version)
    _build_namespaces(store)
    per_node = max(_PODS_PER_NODE, -(-plan.pods // plan.agents) + 20)
    for position in range(plan.masters):
        _build_node(builder, plan, "master", position, per_node)
    for position in range(plan.agents):
        _build_node(builder, plan, "linuxpool", position, per_node)
    builder.find_nodes()
    build_system(builder, plan.cluster_id)
    build_application(builder, plan.network)
    build_filler(builder, plan.pods - store.count("pods"))


def _build_namespaces(store: ObjectStore) -> None:
    created = rfc3339(store.clock.now() - CLUSTER_AGE_S)
    for name in ("default", "kube-node-lease", "kube-public", "kube-system", "reporting"):
        store.create(
            "namespaces",
            new_object(
                "namespaces", name, created=created, labels={"kubernetes.io/metadata.name": name},
                spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"},
            ),
            owned=True,
        )  # fmt: skip


def _build_node(builder: Builder, plan: StampPlan, pool: str, position: int, per_node: int) -> None:
    name = plan.node_name(pool, position)
    master = pool == "master"
    cores, memory = ("2", "8148Mi") if master else ("4", "16011Mi")
    if per_node > _PODS_PER_NODE or plan.pods > 200:
        # 10 millicores and 24 MiB for each filler pod, with room for a neighbour's
        big = str(max(16, per_node // 40)), f"{max(64399, per_node * 40)}Mi"
        cores, memory = ("2", "8148Mi") if master else big
    capacity = {"cpu": cores, "ephemeral-storage": "30298176Ki", "memory": memory, "pods": str(per_node)}
    address = f"10.240.255.{5 + position}" if master else f"10.240.{position >> 8}.{4 + (position & 255) % 250}"
    spec: Object = {"podCIDR": f"10.244.{position & 255}.0/24", "providerID": _provider_id(plan, name)}
    if master:
        key = "node-role.kubernetes.io/master" if builder.minor < 24 else "node-role.kubernetes.io/control-plane"
        spec["taints"] = [{"key": key, "value": "true", "effect": "NoSchedule"}]
    status = {
        "capacity": capacity,
        "allocatable": {**capacity, "memory": f"{int(memory[:-2]) - 750}Mi"},
        "conditions": healthy_conditions(builder.born),
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {**node_info(plan.version), **_machine(builder)},
        "images": [],
    }
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    node = new_object(
        "nodes", name, created=rfc3339(builder.born), labels=_labels(plan, pool, name), annotations=annotations,
        spec=spec, status=status,
    )  # fmt: skip
    node = builder.store.create("nodes", node, owned=True)
    builder.store.create("leases.coordination.k8s.io", node_lease(node, rfc3339_micro(builder.now)), owned=True)


def _labels(plan: StampPlan, pool: str, name: str) -> dict[str, str]:
    role = "master" if pool == "master" else "agent"
    region = f"{plan.name}"
    size = "Standard_DS2_v2" if role == "master" else "Standard_DS3_v2"
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": size,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": region,
        "failure-domain.beta.kubernetes.io/zone": "0",
        "kubernetes.azure.com/cluster": f"k8s-{plan.name}",
        "kubernetes.azure.com/role": role,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/role": role,
        f"node-role.kubernetes.io/{role}": "",
        "node.kubernetes.io/instance-type": size,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": "0",
    }
    if role == "agent":
        return labels | {"agentpool": pool, "storageprofile": "managed", "storagetier": "Premium_LRS"}
    return labels | {
        "node.kubernetes.io/exclude-disruption": "true",
        "node.kubernetes.io/exclude-from-external-load-balancers": "true",
    }


def _provider_id(plan: StampPlan, name: str) -> str:
    subscription = "11111111-2222-4333-8444-555555555555"
    path = f"/subscriptions/{subscription}/resourceGroups/k8s-{plan.name}/providers/Microsoft.Compute"
    return f"azure://{path}/virtualMachines/{name}"


def _machine(builder: Builder) -> Object:
    dice = builder.store.rng
    identity = f"{dice.getrandbits(128):032x}"
    boot = f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-a{identity[17:20]}-{identity[20:]}"
    return {"machineID": f"{dice.getrandbits(128):032x}", "systemUUID": boot.upper(), "bootID": boot}
