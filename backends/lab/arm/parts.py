"""Network interfaces and disks as resources: what machines are made of, and leave when they are deleted."""

from __future__ import annotations

from typing import Any

from backends.lab.arm.calls import COMPUTE, NETWORK, Call, Reply, Route, paged
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.problems import no_resource
from backends.lab.arm.replies import OperationRoutes, accepted, stamped
from backends.lab.world.machines import Disk, Nic

VM = "Microsoft.Compute/virtualMachines"
NIC = "Microsoft.Network/networkInterfaces"
DISK = "Microsoft.Compute/disks"


class PartRoutes:
    """Answers about interfaces and disks; what is attached is not deleted."""

    def __init__(self, cloud: Cloud, page_size: int) -> None:
        self._cloud = cloud
        self._inventory = cloud.inventory
        self._page_size = page_size

    def routes(self) -> list[Route]:
        """Return what is served."""
        group = "/subscriptions/{subscription}/resourcegroups/{group}/providers"
        whole = "/subscriptions/{subscription}/providers"
        status = OperationRoutes(self._cloud).show
        return [
            Route("GET", f"{group}/{NIC}", self._list_nics, NETWORK, f"{NIC}/read"),
            Route("GET", f"{group}/{NIC}/{{name}}", self._show_nic, NETWORK, f"{NIC}/read"),
            Route("DELETE", f"{group}/{NIC}/{{name}}", self._delete_nic, NETWORK, f"{NIC}/delete"),
            Route("GET", f"{group}/{DISK}", self._list_disks, COMPUTE, f"{DISK}/read"),
            Route("GET", f"{group}/{DISK}/{{name}}", self._show_disk, COMPUTE, f"{DISK}/read"),
            Route("DELETE", f"{group}/{DISK}/{{name}}", self._delete_disk, COMPUTE, f"{DISK}/delete"),
            Route("GET", f"{whole}/Microsoft.Network/locations/{{location}}/operations/{{name}}", status, NETWORK,
                  "Microsoft.Network/locations/operations/read"),
        ]  # fmt: skip

    def _list_nics(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        return paged(call, [self._nic(each) for each in self._inventory.nics.of(call.group)], self._page_size)

    def _show_nic(self, call: Call) -> Reply:
        group = self._cloud.group(call.group)
        nic = self._inventory.nics.find(call.group, call.name)
        if nic is None:
            raise no_resource(NIC, call.name, group.name)
        return Reply(200, self._nic(nic))

    def _delete_nic(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        nic = self._inventory.nics.find(call.group, call.name)
        if nic is None:
            return Reply(204)
        return accepted(self._cloud, call, self._cloud.delete_nic(nic), "Microsoft.Network")

    def _nic(self, nic: Nic) -> dict[str, Any]:
        configuration = {
            "name": "ipconfig1",
            "properties": {
                "privateIPAddress": nic.address,
                "privateIPAllocationMethod": "Dynamic",
                "primary": True,
                "provisioningState": nic.state,
            },
        }
        properties: dict[str, Any] = {
            "provisioningState": nic.state,
            "ipConfigurations": [configuration],
            "enableIPForwarding": True,
        }
        if nic.machine:
            properties["virtualMachine"] = {"id": self._id(nic, VM, nic.machine)}
        return {
            "id": self._id(nic, NIC, nic.name),
            "name": nic.name,
            "type": NIC,
            "location": self._cloud.location,
            "properties": properties,
        }

    # disks

    def _list_disks(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        return paged(call, [self._disk(each) for each in self._inventory.disks.of(call.group)], self._page_size)

    def _show_disk(self, call: Call) -> Reply:
        group = self._cloud.group(call.group)
        disk = self._inventory.disks.find(call.group, call.name)
        if disk is None:
            raise no_resource(DISK, call.name, group.name)
        return Reply(200, self._disk(disk))

    def _delete_disk(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        disk = self._inventory.disks.find(call.group, call.name)
        if disk is None:
            return Reply(204)
        return accepted(self._cloud, call, self._cloud.delete_disk(disk))

    def _disk(self, disk: Disk) -> dict[str, Any]:
        found: dict[str, Any] = {
            "id": self._id(disk, DISK, disk.name),
            "name": disk.name,
            "type": DISK,
            "location": self._cloud.location,
            "sku": {"name": "Premium_LRS", "tier": "Premium"},
            "properties": {
                "creationData": {"createOption": "FromImage" if disk.system else "Empty"},
                "diskSizeGB": disk.size_gib,
                "timeCreated": stamped(self._cloud, disk.created_s),
                "provisioningState": disk.state,
                "diskState": "Attached" if disk.machine else "Unattached",
            },
        }
        if disk.system:
            found["properties"]["osType"] = "Linux"
        if disk.machine:
            found["managedBy"] = self._id(disk, VM, disk.machine)
        return found

    def _id(self, thing: Nic | Disk, kind: str, name: str) -> str:
        return self._cloud.resource_id(thing.group, kind, name)
