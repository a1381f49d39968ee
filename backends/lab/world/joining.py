"""A machine's kubelet registers its node: a new object, or the one that still has its name."""

from __future__ import annotations

from backends.lab.clock import rfc3339_micro
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.machines import Inventory, Machine
from backends.lab.world.node_shape import MASTER_POOL, NewNode, new_node
from backends.lab.world.nodes import LEASES, healthy_conditions, node_lease
from backends.lab.world.static_pods import static_pods


class Joining:
    """Makes nodes of machines; they are not ready yet."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet, inventory: Inventory) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._inventory = inventory

    def join(self, machine: Machine) -> None:
        """Register the node of a new machine, which holds no image and runs nothing; a master starts its static pods.

        What ran on a machine of that name before is gone.
        """
        store, name = self._cluster.store, machine.name
        for former in self._cluster.index.on_node(name):
            store.remove("pods", former["metadata"]["namespace"], former["metadata"]["name"])
        self._kubelet.images.forget(name)
        self._kubelet.silent.discard(name)
        node = self._register(machine)
        self._beat(node)
        events = self._cluster.events
        events.record(node, "Normal", "Starting", "Starting kubelet.", "kubelet", host=name)
        text = f"Node {name} event: Registered Node {name} in Controller"
        events.record(node, "Normal", "RegisteredNode", text, "node-controller")
        place = self._inventory.shape.place(name)
        if place is not None and place[0] == MASTER_POOL:
            for pod in static_pods(node, machine.version, self._cluster.now, self._cluster.rng):
                store.create("pods", pod.pending(name), owned=True)

    def _register(self, machine: Machine) -> Object:
        store, shape = self._cluster.store, self._inventory.shape
        held = store.find("nodes", "", machine.name)
        nic = self._inventory.nics.find(machine.group, machine.nic)
        place = shape.place(machine.name)
        assert nic is not None and place is not None
        new = NewNode(
            machine.name, place[0], machine.version, nic.address, self._free_network(), machine.size,
            self._cluster.now, ready=False,
        )  # fmt: skip
        fresh = new_node(shape, new, self._cluster.rng)
        if held is None:
            return store.create("nodes", fresh, owned=True)
        before = (held.get("status") or {}).get("conditions") or ()
        conditions = healthy_conditions(self._cluster.now, ready=False, before=before)
        meta = {**held["metadata"], "labels": {**held["metadata"].get("labels", {}), **fresh["metadata"]["labels"]}}
        node = {**held, "metadata": meta, "status": {**fresh["status"], "conditions": conditions}}
        return store.replace("nodes", node, owned=True)

    def _beat(self, node: Object) -> None:
        store, name = self._cluster.store, node["metadata"]["name"]
        lease = node_lease(node, rfc3339_micro(self._cluster.now))
        if store.find(LEASES, "kube-node-lease", name) is None:
            store.create(LEASES, lease, owned=True)
        else:
            store.replace(LEASES, lease, owned=True)

    def _free_network(self) -> str:
        taken = {node["spec"].get("podCIDR") for node in self._cluster.store.each("nodes")}
        number = 0
        while f"10.244.{number}.0/24" in taken:
            number += 1
        return f"10.244.{number}.0/24"
