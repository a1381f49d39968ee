"""What machines that come and go do to the cluster: their nodes join and are lost, masters carry the control plane."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from backends.lab.faults import Fault, FaultBoard
from backends.lab.objects import Object
from backends.lab.world.cluster import Cluster
from backends.lab.world.control_plane import ControlPlane
from backends.lab.world.joining import Joining
from backends.lab.world.kubelet import Kubelet
from backends.lab.world.machines import Inventory, Machine
from backends.lab.world.node_lifecycle import GRACE_S, NodeLifecycle
from backends.lab.world.node_shape import MASTER_POOL
from backends.lab.world.nodes import NodeAgents

JOIN_S = 60.0
READY_S = 90.0
_SERVE_S = 30.0
_REMOVE_NODE_S = 40.0
_NEVER_READY = "node-never-ready"


class MachineLife:
    """Carries the life of machines of one cluster into its nodes; other machines of the stamp are no nodes of it."""

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
        self._joining = Joining(cluster, kubelet, inventory)
        self.control_plane = ControlPlane(cluster, [each.name for each in inventory.machines if self._is_master(each)])
        self._held_back: dict[str, Machine] = {}
        faults.listen(self._hear)

    def started(self, machine: Machine) -> None:
        """A machine runs from now on: its node joins, and becomes ready. Without a version by its tag none does."""
        if not self._is_ours(machine) or not machine.version:
            return
        if self._is_master(machine):
            self._after(_SERVE_S, self._serve, machine)
        self._after(JOIN_S, self._join, machine)

    def ended(self, machine: Machine) -> None:
        """A machine is being deleted: its kubelet is silent at once."""
        if not self._is_ours(machine):
            return
        self._held_back.pop(machine.name, None)
        self._fall_silent(machine)

    def restarting(self, machine: Machine) -> None:
        """A machine goes down to start again: its kubelet is silent at once."""
        if self._is_ours(machine):
            self._fall_silent(machine)

    def restarted(self, machine: Machine) -> None:
        """A machine that was restarted runs again; its node says so, and is as it was."""
        if not self._is_ours(machine) or self._current(machine.name) != machine.identity:
            return
        if self._is_master(machine):
            self._serve(machine)
        self._boot(machine.name)
        if machine.name not in self._held_back:
            self._become_ready(machine)

    def gone(self, machine: Machine) -> None:
        """A machine does not exist any more: after a while the cloud's controller removes the node."""
        if self._is_ours(machine):
            self._cluster.driver.call_after(_REMOVE_NODE_S, self._remove_node, machine.name)

    # steps

    def _after(self, mean_s: float, step: Callable[[Machine], None], machine: Machine) -> None:
        delay_s = mean_s * self._cluster.rng.uniform(0.8, 1.2)
        self._cluster.driver.call_after(delay_s, self._step, step, machine)

    def _step(self, step: Callable[[Machine], None], machine: Machine) -> None:
        if self._runs(machine.name) and self._current(machine.name) == machine.identity:
            step(machine)

    def _serve(self, machine: Machine) -> None:
        self.control_plane.arrive(machine.name)

    def _join(self, machine: Machine) -> None:
        self._joining.join(machine)
        self._after(READY_S, self._become_ready, machine)

    def _become_ready(self, machine: Machine) -> None:
        fault = self._faults.active(_NEVER_READY)
        if fault is not None and fault.argument in ("", machine.name):
            self._held_back[machine.name] = machine
            return
        self._agents.speak(machine.name)
        if self._is_master(machine):
            self.control_plane.follow_versions()

    def _fall_silent(self, machine: Machine) -> None:
        self._agents.fall_silent(machine.name)
        if self._is_master(machine):
            self.control_plane.leave(machine.name)
        # Its lease may be looked at seldom when time runs fast; that this machine is down is certain.
        self._cluster.driver.call_after(GRACE_S, self._lose, machine.name)

    def _lose(self, name: str) -> None:
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
            self._agents.forget(name)

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

    def _hear(self, fault: Fault, begins: bool) -> None:
        if fault.name != _NEVER_READY or begins:
            return
        held, self._held_back = self._held_back, {}
        for machine in held.values():
            self._after(2.0, self._become_ready, machine)
