"""What machines that come and go do to the cluster: nodes join and are lost, and the API is up while masters are."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from backends.lab.clock import rfc3339_micro
from backends.lab.faults import Fault, FaultBoard
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.machines import Inventory, Machine
from backends.lab.world.node_lifecycle import GRACE_S, NodeLifecycle
from backends.lab.world.node_shape import MASTER_POOL, NewNode, new_node
from backends.lab.world.nodes import LEASES, NodeAgents, healthy_conditions, node_lease
from backends.lab.world.static_pods import static_pods

JOIN_S = 60.0
READY_S = 90.0
_SERVE_S = 30.0
_REMOVE_NODE_S = 40.0
_NEVER_READY = "node-never-ready"
_OWN_TAINTS = "node.kubernetes.io/"


class MachineLife:
    """Carries the life of machines of one cluster into its nodes; other machines of the stamp are no nodes of it.

    `api_up` follows etcd: the API answers while more than half of the masters that ever joined are there.
    """

    def __init__(
        self,
        cluster: Cluster,
        kubelet: Kubelet,
        agents: NodeAgents,
        lifecycle: NodeLifecycle,
        inventory: Inventory,
        faults: FaultBoard,
    ) -> None:
        self._cluster = cluster
        self._kubelet = kubelet
        self._agents = agents
        self._lifecycle = lifecycle
        self._inventory = inventory
        self._faults = faults
        masters = {each.name for each in inventory.machines if self._is_master(each)}
        self._has_masters = bool(masters)
        self._members = set(masters)
        self._up = set(masters)
        self._listeners: list[Callable[[], None]] = []
        self._held_back: dict[str, Machine] = {}
        faults.listen(self._hear)

    @property
    def api_up(self) -> bool:
        """Whether the masters that are there are enough for the Kubernetes API to answer."""
        return not self._has_masters or len(self._up) * 2 > len(self._members)

    def listen(self, listener: Callable[[], None]) -> None:
        """Hear when `api_up` or the version of the control plane may have changed."""
        self._listeners.append(listener)

    def started(self, machine: Machine) -> None:
        """A machine runs from now on: its node joins, and becomes ready."""
        if not self._is_ours(machine):
            return
        if self._is_master(machine):
            self._after(_SERVE_S, self._serve, machine)
        self._after(JOIN_S, self._join, machine)

    def ended(self, machine: Machine) -> None:
        """A machine is being deleted: its kubelet is silent at once."""
        if not self._is_ours(machine):
            return
        self._held_back.pop(machine.name, None)
        self._agents.fall_silent(machine.name)
        self._up.discard(machine.name)
        self._tell()
        # Its lease may be looked at seldom when time runs fast; that this machine is gone is certain.
        self._cluster.driver.call_after(GRACE_S, self._lose, machine.name)

    def restarting(self, machine: Machine) -> None:
        """A machine goes down to start again: its kubelet is silent at once."""
        if not self._is_ours(machine):
            return
        self._agents.fall_silent(machine.name)
        self._up.discard(machine.name)
        self._tell()
        self._cluster.driver.call_after(GRACE_S, self._lose_silent, machine.name)

    def restarted(self, machine: Machine) -> None:
        """A machine that was restarted runs again; its node says so, and is as it was."""
        if not self._is_ours(machine) or self._current(machine.name) != machine.identity:
            return
        self._boot(machine.name)
        if machine.name in self._held_back:
            return
        self._become_ready(machine)
        if self._is_master(machine):
            self._serve(machine)

    def gone(self, machine: Machine) -> None:
        """A machine does not exist any more: after a while the cloud's controller removes the node."""
        if self._is_ours(machine):
            self._cluster.driver.call_after(_REMOVE_NODE_S, self._remove_node, machine.name)

    def forget_members(self) -> None:
        """Every disk of the masters is gone: the next master begins a new etcd."""
        self._members.clear()
        self._tell()

    # steps

    def _after(self, mean_s: float, step: Callable[[Machine], None], machine: Machine) -> None:
        delay_s = mean_s * self._cluster.rng.uniform(0.8, 1.2)
        self._cluster.driver.call_after(delay_s, self._step, step, machine)

    def _step(self, step: Callable[[Machine], None], machine: Machine) -> None:
        if self._runs(machine.name) and self._current(machine.name) == machine.identity:
            step(machine)

    def _serve(self, machine: Machine) -> None:
        self._has_masters = True
        self._members.add(machine.name)
        self._up.add(machine.name)
        self._tell()

    def _join(self, machine: Machine) -> None:
        """Register the node, as a new object or on the one that still has its name."""
        store, now = self._cluster.store, self._cluster.now
        for former in self._cluster.index.on_node(machine.name):
            store.remove("pods", former["metadata"]["namespace"], former["metadata"]["name"])
        self._kubelet.images.forget(machine.name)
        self._kubelet.silent.discard(machine.name)
        node = self._registered(machine)
        lease = node_lease(node, rfc3339_micro(now))
        if store.find(LEASES, "kube-node-lease", machine.name) is None:
            store.create(LEASES, lease, owned=True)
        else:
            store.replace(LEASES, lease, owned=True)
        events = self._cluster.events
        events.record(node, "Normal", "Starting", "Starting kubelet.", "kubelet", host=machine.name)
        text = f"Node {machine.name} event: Registered Node {machine.name} in Controller"
        events.record(node, "Normal", "RegisteredNode", text, "node-controller")
        if self._is_master(machine):
            for pod in static_pods(node, machine.version, now, self._cluster.rng):
                store.create("pods", pod.pending(machine.name), owned=True)
        self._after(READY_S, self._become_ready, machine)

    def _registered(self, machine: Machine) -> Object:
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

    def _free_network(self) -> str:
        taken = {node["spec"].get("podCIDR") for node in self._cluster.store.each("nodes")}
        number = 0
        while f"10.244.{number}.0/24" in taken:
            number += 1
        return f"10.244.{number}.0/24"

    def _become_ready(self, machine: Machine) -> None:
        fault = self._faults.active(_NEVER_READY)
        if fault is not None and fault.argument in ("", machine.name):
            self._held_back[machine.name] = machine
            return
        self._agents.speak(machine.name)
        if self._is_master(machine):
            self._follow_masters()

    def _follow_masters(self) -> None:
        """Let the control plane be of the oldest version its masters have, and its addons follow."""
        nodes = (self._cluster.store.find("nodes", "", name) for name in self._up)
        versions = [node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes if node is not None]
        if not versions:
            return
        oldest = min(versions, key=lambda each: [int(part) for part in each.removeprefix("v").split(".")])
        if oldest != self._cluster.version:
            self._cluster.adopt_version(oldest)
            self._update_proxies(oldest)
            self._tell()

    def _update_proxies(self, version: str) -> None:
        proxies = self._cluster.store.find("daemonsets.apps", "kube-system", "kube-proxy")
        if proxies is None:
            return

        def edit(workload: Object) -> None:
            for container in workload["spec"]["template"]["spec"]["containers"]:
                container["image"] = f"{container['image'].rpartition(':')[0]}:{version}"

        self._cluster.store.change("daemonsets.apps", "kube-system", "kube-proxy", edit)

    def _lose(self, name: str) -> None:
        if name in self._kubelet.silent and not self._runs(name):
            self._lifecycle.lose(name)

    def _lose_silent(self, name: str) -> None:
        if name in self._kubelet.silent:
            self._lifecycle.lose(name)

    def _boot(self, name: str) -> None:
        """Give a node another boot id, and let it tell that it has one."""
        node = self._cluster.store.find("nodes", "", name)
        if node is None:
            return
        boot = str(uuid.UUID(int=self._cluster.rng.getrandbits(128), version=4))

        def edit(found: Object) -> None:
            found["status"]["nodeInfo"]["bootID"] = boot

        node = self._cluster.store.change("nodes", "", name, edit) or node
        text = f"Node {name} has been rebooted, boot id: {boot}"
        self._cluster.events.record(node, "Warning", "Rebooted", text, "kubelet", host=name)

    def _remove_node(self, name: str) -> None:
        """Do what the cloud's node lifecycle controller does with a node whose machine does not exist."""
        if not self._current(name):
            self._agents.vanish(name)

    # who is who

    def _is_ours(self, machine: Machine) -> bool:
        shape = self._inventory.shape
        return machine.group.lower() == shape.resource_group and shape.place(machine.name) is not None

    def _is_master(self, machine: Machine) -> bool:
        place = self._inventory.shape.place(machine.name)
        return self._is_ours(machine) and place is not None and place[0] == MASTER_POOL

    def _current(self, name: str) -> str:
        machine = self._inventory.machines.find(self._inventory.shape.resource_group, name)
        return machine.identity if machine is not None else ""

    def _runs(self, name: str) -> bool:
        machine = self._inventory.machines.find(self._inventory.shape.resource_group, name)
        return machine is not None and machine.state == "Succeeded"

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name != _NEVER_READY or begins:
            return
        held, self._held_back = self._held_back, {}
        for machine in held.values():
            self._after(2.0, self._become_ready, machine)
