"""The subscription at one stamp: its groups, what is under way in it, and making and deleting machines."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backends.lab.arm.problems import Problem, no_group
from backends.lab.faults import FaultBoard
from backends.lab.wire_times import WireTimes
from backends.lab.world.cluster import Cluster
from backends.lab.world.machine_life import MachineLife
from backends.lab.world.machines import Disk, Inventory, Machine, Nic
from backends.lab.world.node_shape import SUBSCRIPTION

DELETE_MACHINE_S = 120.0
DELETE_PART_S = 15.0
RESTART_MACHINE_S = 60.0
_SPREAD = 0.2
_KEPT_OPERATIONS = 2000


@dataclass(frozen=True, slots=True)
class Group:
    """A resource group."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = "Succeeded"


@dataclass(slots=True)
class Operation:
    """Something that takes a while: a caller polls it by its id. `error` makes a Failed one."""

    identity: str
    started_s: float
    status: str = "InProgress"
    ended_s: float = 0.0
    error: Mapping[str, Any] | None = None
    done_status: int = 200
    """What polling its Location answers at the end."""


class Cloud:
    """One subscription at one stamp; every delay is simulated time, seeded, within a fifth of its usual length."""

    def __init__(
        self, cluster: Cluster, inventory: Inventory, life: MachineLife, faults: FaultBoard, dice: random.Random
    ) -> None:
        self.subscription = SUBSCRIPTION
        self.location = inventory.shape.stamp
        self.inventory = inventory
        self.faults = faults
        self.dice = dice
        self._cluster = cluster
        self._life = life
        self._times = WireTimes(cluster.clock)
        self.groups: dict[str, Group] = {}
        self.operations: dict[str, Operation] = {}
        self.restarting: set[str] = set()
        """Identities of machines that are down to start again."""
        self._listeners: list[Callable[[str], None]] = []
        self.add_group(inventory.shape.resource_group)

    @property
    def now_s(self) -> float:
        """Simulated seconds of the epoch."""
        return self._cluster.now

    def real_s(self, at: float) -> float:
        """Return the real moment of a simulated one: what clients are told."""
        return self._times.real(at)

    def later(self, mean_s: float, call: Callable[..., None], *arguments: Any) -> float:
        """Call something after about so many simulated seconds; return how many."""
        delay_s = mean_s * self.dice.uniform(1 - _SPREAD, 1 + _SPREAD)
        self._cluster.driver.call_after(delay_s, call, *arguments)
        return delay_s

    # groups

    def group(self, name: str) -> Group:
        """Return a resource group; raises Problem when there is none."""
        found = self.groups.get(name.lower())
        if found is None:
            raise no_group(name)
        return found

    def living_group(self, name: str) -> Group:
        """Return a group that may be changed; raises Problem when it is being deleted, or is not there."""
        group = self.group(name)
        if group.state == "Deleting":
            text = f"The resource group '{group.name}' is in deprovisioning state and cannot perform this operation."
            raise Problem(409, "ResourceGroupBeingDeleted", text)
        return group

    def listen(self, listener: Callable[[str], None]) -> None:
        """Hear the name of every group that is gone."""
        self._listeners.append(listener)

    def add_group(self, name: str, tags: Mapping[str, str] | None = None) -> Group:
        """Add a group, or give one other tags."""
        held = self.groups.get(name.lower())
        group = Group(held.name if held else name, dict(tags or (held.tags if held else {})))
        self.groups[name.lower()] = group
        return group

    def delete_group(self, name: str) -> Operation:
        """Delete a group with everything in it: its machines are gone at once for their cluster."""
        group = self.group(name)
        self.groups[name.lower()] = replace(group, state="Deleting")
        for machine in self.inventory.machines.of(name):
            self._end(machine)
        return self.begin(4 * DELETE_MACHINE_S, self._drop_group, group)

    def _drop_group(self, group: Group) -> None:
        for machine in self.inventory.machines.of(group.name):
            self._scrap(machine)
        for nic in self.inventory.nics.of(group.name):
            self.inventory.nics.drop(nic)
        for disk in self.inventory.disks.of(group.name):
            self.inventory.disks.drop(disk)
        self.groups.pop(group.name.lower(), None)
        for listener in self._listeners:
            listener(group.name)
        if group.name.lower() == self.inventory.shape.resource_group:
            self._life.control_plane.forget_members()

    # machines and their parts

    def create(self, machine: Machine, os_disk: str) -> Machine:
        """Begin to make a machine with its interface and disks; `finish` or `fail` ends that."""
        return self.inventory.build(replace(machine, state="Creating", created_s=self.now_s), os_disk=os_disk)

    def retry(self, machine: Machine, tags: Mapping[str, str]) -> Machine:
        """Begin to make a machine again that is there and failed."""
        return self.inventory.machines.put(replace(machine, state="Creating", tags=dict(tags)))

    def finish(self, machine: Machine) -> None:
        """A machine is there and runs."""
        self._settle(machine, "Succeeded", self._life.started)

    def fail(self, machine: Machine) -> None:
        """A machine is there, but what it should run was not set up: no node comes of it."""
        self._settle(machine, "Failed", lambda _: None)

    def retag(self, machine: Machine, tags: Mapping[str, str]) -> Machine:
        """Give a machine other tags."""
        return self.inventory.machines.put(replace(machine, tags=dict(tags)))

    def delete_machine(self, machine: Machine) -> Operation:
        """Delete a machine; its interface and its disks stay. Raises Problem while it is being deleted."""
        if machine.state == "Deleting":
            text = f"Operation 'delete' is not allowed on VM '{machine.name}' since the VM is being deleted already."
            raise Problem(409, "OperationNotAllowed", text)
        self._end(machine)
        return self.begin(DELETE_MACHINE_S, self._scrap, machine)

    def restart_machine(self, machine: Machine) -> Operation:
        """Restart a machine; raises Problem while it is being deleted, or not made yet."""
        if machine.state not in ("Succeeded", "Failed"):
            text = (
                f"Operation 'restart' is not allowed on VM '{machine.name}' since the VM is in state {machine.state}."
            )
            raise Problem(409, "OperationNotAllowed", text)
        self.restarting.add(machine.identity)
        self._life.restarting(machine)
        return self.begin(RESTART_MACHINE_S, self._restarted, machine)

    def delete_nic(self, nic: Nic) -> Operation:
        """Delete an interface; raises Problem while it is in use."""
        path = self.resource_id(nic.group, "Microsoft.Network/networkInterfaces", nic.name)
        if nic.machine:
            user = self.resource_id(nic.group, "Microsoft.Compute/virtualMachines", nic.machine)
            text = (
                f"Network Interface {path} is used by existing resource {user}. In order to delete the network "
                "interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic."
            )
            raise Problem(400, "NicInUse", text)
        self._refuse_twice(nic.state, path)
        self.inventory.nics.put(replace(nic, state="Deleting"))
        return self.begin(DELETE_PART_S, self.inventory.nics.drop, nic, done_status=204)

    def delete_disk(self, disk: Disk) -> Operation:
        """Delete a disk; raises Problem while it is attached."""
        if disk.machine:
            user = self.resource_id(disk.group, "Microsoft.Compute/virtualMachines", disk.machine)
            raise Problem(409, "OperationNotAllowed", f"Disk {disk.name} is attached to VM {user}.")
        self._refuse_twice(disk.state, self.resource_id(disk.group, "Microsoft.Compute/disks", disk.name))
        self.inventory.disks.put(replace(disk, state="Deleting"))
        return self.begin(DELETE_PART_S, self.inventory.disks.drop, disk)

    def resource_id(self, group: str, kind: str, name: str) -> str:
        """Return the whole id of a resource."""
        shown = self.groups[group.lower()].name if group.lower() in self.groups else group
        return f"/subscriptions/{self.subscription}/resourceGroups/{shown}/providers/{kind}/{name}"

    # what takes a while

    def begin(self, mean_s: float, act: Callable[..., None], *arguments: Any, done_status: int = 200) -> Operation:
        """Begin an operation that ends by itself."""
        operation = self.open_operation(done_status)
        self.later(mean_s, self._carry_out, operation, act, arguments)
        return operation

    def open_operation(self, done_status: int = 200) -> Operation:
        """Begin an operation that `close_operation` ends."""
        operation = Operation(str(uuid.UUID(int=self.dice.getrandbits(128), version=4)), self.now_s)
        operation.done_status = done_status
        while len(self.operations) >= _KEPT_OPERATIONS:
            del self.operations[next(iter(self.operations))]
        self.operations[operation.identity] = operation
        return operation

    def close_operation(self, operation: Operation, error: Mapping[str, Any] | None = None) -> None:
        """End an operation, with an error or well."""
        operation.status = "Failed" if error else "Succeeded"
        operation.ended_s = self.now_s
        operation.error = error

    def _carry_out(self, operation: Operation, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        act(*arguments)
        self.close_operation(operation)

    def _refuse_twice(self, state: str, path: str) -> None:
        if state == "Deleting":
            text = f"Another operation on this or a dependent resource is in progress: {path} is being deleted."
            raise Problem(409, "AnotherOperationInProgress", text)

    def _settle(self, machine: Machine, state: str, tell: Callable[[Machine], None]) -> None:
        held = self.inventory.machines.find(machine.group, machine.name)
        if held is None or held.identity != machine.identity or held.state == "Deleting":
            return
        tell(self.inventory.machines.put(replace(held, state=state)))

    def _end(self, machine: Machine) -> None:
        self.inventory.machines.put(replace(machine, state="Deleting"))
        self._life.ended(machine)

    def _restarted(self, machine: Machine) -> None:
        self.restarting.discard(machine.identity)
        held = self.inventory.machines.find(machine.group, machine.name)
        if held is not None and held.identity == machine.identity and held.state == "Succeeded":
            self._life.restarted(held)

    def _scrap(self, machine: Machine) -> None:
        held = self.inventory.machines.find(machine.group, machine.name)
        if held is not None and held.identity == machine.identity:
            self.inventory.scrap(held)
            self._life.gone(held)
