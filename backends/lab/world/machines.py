"""The virtual machines of a stamp with their network interfaces and disks, as its Resource Manager keeps them."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

from backends.lab.engine.releases import release_for
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.node_shape import MASTER_POOL, NodeShape, agent_address, master_address

ImageReference = tuple[str, str, str, str]
"""Publisher, offer, SKU, version."""

_ORCHESTRATOR = re.compile(r"Kubernetes:(\d+\.\d+\.\d+)")

CORES: Mapping[str, int] = {
    "Standard_A2_v2": 2, "Standard_A4_v2": 4, "Standard_D2_v2": 2, "Standard_D3_v2": 4, "Standard_D4_v2": 8,
    "Standard_DS2_v2": 2, "Standard_DS3_v2": 4, "Standard_DS4_v2": 8, "Standard_F4s_v2": 4, "Standard_F8s_v2": 8,
}  # fmt: skip
"""Cores by size, of those that clusters are built from."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine; `state` is its provisioningState, `nic` and `disks` are names within its group."""

    name: str
    group: str
    size: str
    tags: Mapping[str, str]
    image: ImageReference
    nic: str
    os_disk: str
    created_s: float
    data_disks: tuple[str, ...] = ()
    state: str = "Succeeded"
    computer_name: str = ""
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def cores(self) -> int:
        """Cores that count against the subscription's quota."""
        return CORES.get(self.size, 4)

    @property
    def version(self) -> str:
        """Kubernetes version by its tag, as v1.29.15; empty without one."""
        found = _ORCHESTRATOR.fullmatch(self.tags.get("orchestrator", ""))
        return f"v{found[1]}" if found else ""


@dataclass(frozen=True, slots=True)
class Nic:
    """A network interface; `machine` is the name of the one it is attached to, empty for none."""

    name: str
    group: str
    address: str
    machine: str = ""
    state: str = "Succeeded"


@dataclass(frozen=True, slots=True)
class Disk:
    """A managed disk; `machine` is the name of the one it is attached to, empty for none."""

    name: str
    group: str
    size_gib: int
    created_s: float
    machine: str = ""
    system: bool = True
    state: str = "Succeeded"


Thing = TypeVar("Thing", Machine, Nic, Disk)


class Shelf(Generic[Thing]):
    """Things of one kind by group and name, whose letters may be of either case, in the order they came."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Thing] = {}

    def find(self, group: str, name: str) -> Thing | None:
        """Return one or None."""
        return self._held.get((group.lower(), name.lower()))

    def put(self, thing: Thing) -> Thing:
        """Add one, or replace it."""
        self._held[thing.group.lower(), thing.name.lower()] = thing
        return thing

    def drop(self, thing: Thing) -> None:
        """Take one away if it is there."""
        self._held.pop((thing.group.lower(), thing.name.lower()), None)

    def of(self, group: str) -> list[Thing]:
        """Return those of a group."""
        return [each for (where, _), each in self._held.items() if where == group.lower()]

    def __iter__(self) -> Iterator[Thing]:
        return iter(list(self._held.values()))


class Inventory:
    """Every machine, interface and disk of the subscription at one stamp."""

    def __init__(self, shape: NodeShape, dice: random.Random) -> None:
        self.shape = shape
        self._dice = dice
        self.machines: Shelf[Machine] = Shelf()
        self.nics: Shelf[Nic] = Shelf()
        self.disks: Shelf[Disk] = Shelf()

    def learn(self, store: ObjectStore, version: str) -> None:
        """Put a machine under every node of the estate: made by the engine's release of that version."""
        release = release_for(version)
        image = release.linux
        reference = (image.publisher, image.offer, image.sku, image.version)
        for node in store.listing("nodes"):
            name = node["metadata"]["name"]
            tags = {
                "aksEngineVersion": release.name,
                "creationSource": f"aksengine-{name}",
                "orchestrator": f"Kubernetes:{version.removeprefix('v')}",
                "poolName": _pool(node),
                "resourceNameSuffix": self.shape.cluster_id,
            }
            created_s = _created_s(node)
            size = node["metadata"]["labels"]["node.kubernetes.io/instance-type"]
            machine = Machine(name, self.shape.resource_group, size, tags, reference, "", "", created_s)
            self.build(machine, address=node["status"]["addresses"][0]["address"])

    def build(self, machine: Machine, *, os_disk: str = "", address: str = "") -> Machine:
        """Add a machine with its interface and disks; a master's etcd disk of a former life is attached again."""
        group, place = machine.group, self.shape.place(machine.name)
        nic = self.nic_name(machine.name)
        held = self.nics.find(group, nic)
        if held is None:
            held = Nic(nic, group, address or self._address(place))
        self.nics.put(replace(held, machine=machine.name))
        os_disk = os_disk or f"{machine.name}_OsDisk_1_{self._dice.getrandbits(128):032x}"
        self.disks.put(Disk(os_disk, group, 30, machine.created_s, machine.name))
        data: tuple[str, ...] = ()
        if machine.tags.get("poolName") == MASTER_POOL:
            data = (f"{machine.name}-etcddisk",)
            kept = self.disks.find(group, data[0]) or Disk(data[0], group, 256, machine.created_s, system=False)
            self.disks.put(replace(kept, machine=machine.name))
        return self.machines.put(replace(machine, nic=nic, os_disk=os_disk, data_disks=data))

    def scrap(self, machine: Machine) -> None:
        """Take a machine away; its interface and disks stay, attached to nothing."""
        self.machines.drop(machine)
        nic = self.nics.find(machine.group, machine.nic)
        if nic is not None:
            self.nics.put(replace(nic, machine=""))
        for name in (machine.os_disk, *machine.data_disks):
            disk = self.disks.find(machine.group, name)
            if disk is not None:
                self.disks.put(replace(disk, machine=""))

    def nic_name(self, machine: str) -> str:
        """Return the name of a machine's interface as the engine's template makes it."""
        head, _, index = machine.rpartition("-")
        return f"{head}-nic-{index}" if head and index.isdigit() else f"{machine}-nic"

    def cores_in_use(self) -> int:
        """Return the cores of all machines."""
        return sum(each.cores for each in self.machines)

    def _address(self, place: tuple[str, int] | None) -> str:
        taken = {nic.address for nic in self.nics}
        if place is not None and place[0] == MASTER_POOL:
            return master_address(place[1])
        position = 0
        while agent_address(position) in taken:
            position += 1
        return agent_address(position)


def _pool(node: Object) -> str:
    return str(node["metadata"]["labels"].get("agentpool") or MASTER_POOL)


def _created_s(node: Object) -> float:
    return datetime.fromisoformat(node["metadata"]["creationTimestamp"].replace("Z", "+00:00")).timestamp()
