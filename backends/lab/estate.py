"""What stands on each stamp when the lab starts: nodes, kube-system, the ratings application, filler."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from backends.lab.clock import rfc3339, rfc3339_micro
from backends.lab.objects import ObjectStore
from backends.lab.world.application_estate import build_application
from backends.lab.world.builder import CLUSTER_AGE_S, Builder
from backends.lab.world.filler import build_filler
from backends.lab.world.node_shape import (
    AGENT_SIZE,
    MASTER_POOL,
    MASTER_SIZE,
    NewNode,
    NodeShape,
    agent_address,
    master_address,
    new_node,
)
from backends.lab.world.nodes import node_lease
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
    for position in range(plan.masters):
        _build_node(builder, plan, MASTER_POOL, position)
    for position in range(plan.agents):
        _build_node(builder, plan, "linuxpool", position)
    builder.find_nodes()
    build_system(builder)
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


def node_shape(plan: StampPlan) -> NodeShape:
    """Return what the nodes of a stamp look like: big enough for the pods it is to hold."""
    per_node = max(_PODS_PER_NODE, -(-plan.pods // plan.agents) + 20)
    cores, memory = "4", "16011Mi"
    if per_node > _PODS_PER_NODE or plan.pods > 200:
        # 10 millicores and 24 MiB for each filler pod, with room for a neighbour's
        cores, memory = str(max(16, per_node // 40)), f"{max(64399, per_node * 40)}Mi"
    return NodeShape(plan.name, plan.cluster_id, cores, memory, per_node)


def _build_node(builder: Builder, plan: StampPlan, pool: str, position: int) -> None:
    master = pool == MASTER_POOL
    new = NewNode(
        plan.node_name(pool, position),
        pool,
        plan.version,
        master_address(position) if master else agent_address(position),
        f"10.244.{position & 255}.0/24",
        MASTER_SIZE if master else AGENT_SIZE,
        builder.born,
    )
    node = builder.store.create("nodes", new_node(node_shape(plan), new, builder.store.rng), owned=True)
    builder.store.create("leases.coordination.k8s.io", node_lease(node, rfc3339_micro(builder.now)), owned=True)
