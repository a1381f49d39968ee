"""Virtual machines as resources."""

from __future__ import annotations

from typing import Any

from backends.lab.arm.calls import COMPUTE, Call, Reply, Route, paged
from backends.lab.arm.cloud import Cloud
from backends.lab.arm.parts import DISK, NIC, VM
from backends.lab.arm.problems import no_resource
from backends.lab.arm.replies import OperationRoutes, accepted, stamped
from backends.lab.world.machines import Machine


class MachineRoutes:
    """Answers about machines; deleting and restarting them takes its time."""

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
            Route("GET", f"{whole}/{VM}", self._list_all_machines, COMPUTE, f"{VM}/read"),
            Route("GET", f"{group}/{VM}", self._list_machines, COMPUTE, f"{VM}/read"),
            Route("GET", f"{group}/{VM}/{{name}}", self._show_machine, COMPUTE, f"{VM}/read"),
            Route("GET", f"{group}/{VM}/{{name}}/instanceView", self._view, COMPUTE, f"{VM}/read"),
            Route("DELETE", f"{group}/{VM}/{{name}}", self._delete_machine, COMPUTE, f"{VM}/delete"),
            Route("POST", f"{group}/{VM}/{{name}}/restart", self._restart_machine, COMPUTE, f"{VM}/restart/action"),
            Route("PATCH", f"{group}/{VM}/{{name}}", self._retag, COMPUTE, f"{VM}/write"),
            Route("GET", f"{whole}/Microsoft.Compute/locations/{{location}}/operations/{{name}}", status, COMPUTE,
                  "Microsoft.Compute/locations/operations/read"),
        ]  # fmt: skip

    # machines

    def _list_machines(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        return self._listed(call, self._inventory.machines.of(call.group))

    def _list_all_machines(self, call: Call) -> Reply:
        return self._listed(call, list(self._inventory.machines))

    def _listed(self, call: Call, machines: list[Machine]) -> Reply:
        found = sorted(machines, key=lambda each: each.name)
        return paged(call, [self._machine(each, call) for each in found], self._page_size)

    def _show_machine(self, call: Call) -> Reply:
        return Reply(200, self._machine(self._find_machine(call), call))

    def _view(self, call: Call) -> Reply:
        return Reply(200, self._instance_view(self._find_machine(call)))

    def _delete_machine(self, call: Call) -> Reply:
        self._cloud.group(call.group)
        machine = self._inventory.machines.find(call.group, call.name)
        if machine is None:
            return Reply(204)
        return accepted(self._cloud, call, self._cloud.delete_machine(machine))

    def _restart_machine(self, call: Call) -> Reply:
        return accepted(self._cloud, call, self._cloud.restart_machine(self._find_machine(call)))

    def _retag(self, call: Call) -> Reply:
        machine = self._find_machine(call)
        tags = call.body.get("tags") if isinstance(call.body, dict) else None
        if isinstance(tags, dict):
            machine = self._cloud.retag(machine, {str(key): str(value) for key, value in tags.items()})
        return Reply(200, self._machine(machine, call))

    def _find_machine(self, call: Call) -> Machine:
        group = self._cloud.group(call.group)
        machine = self._inventory.machines.find(call.group, call.name)
        if machine is None:
            raise no_resource(VM, call.name, group.name)
        return machine

    def _machine(self, machine: Machine, call: Call) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "vmId": machine.identity,
            "availabilitySet": {"id": self._id(machine, "Microsoft.Compute/availabilitySets", self._set_name(machine))},
            "hardwareProfile": {"vmSize": machine.size},
            "storageProfile": self._storage(machine),
            "osProfile": {
                "computerName": machine.computer_name or machine.name,
                "adminUsername": "azureuser",
                "linuxConfiguration": {"disablePasswordAuthentication": True, "provisionVMAgent": True},
                "secrets": [],
                "allowExtensionOperations": True,
            },
            "networkProfile": {
                "networkInterfaces": [{"id": self._id(machine, NIC, machine.nic), "properties": {"primary": True}}]
            },
            "provisioningState": machine.state,
        }
        if call.query.get("$expand", "").lower() == "instanceview":
            properties["instanceView"] = self._instance_view(machine)
        return {
            "id": self._id(machine, VM, machine.name),
            "name": machine.name,
            "type": VM,
            "location": self._cloud.location,
            "tags": dict(machine.tags),
            "properties": properties,
        }

    def _storage(self, machine: Machine) -> dict[str, Any]:
        publisher, offer, sku, version = machine.image
        data = [
            {
                "lun": number,
                "name": name,
                "createOption": "Empty",
                "caching": "ReadWrite",
                "managedDisk": {"storageAccountType": "Premium_LRS", "id": self._id(machine, DISK, name)},
            }
            for number, name in enumerate(machine.data_disks)
        ]
        return {
            "imageReference": {"publisher": publisher, "offer": offer, "sku": sku, "version": version},
            "osDisk": {
                "osType": "Linux",
                "name": machine.os_disk,
                "createOption": "FromImage",
                "caching": "ReadWrite",
                "managedDisk": {"storageAccountType": "Premium_LRS", "id": self._id(machine, DISK, machine.os_disk)},
            },
            "dataDisks": data,
        }

    def _instance_view(self, machine: Machine) -> dict[str, Any]:
        at = stamped(self._cloud, machine.created_s)
        state = machine.state.lower()
        level = "Error" if machine.state == "Failed" else "Info"
        shown = {"Succeeded": "Provisioning succeeded", "Failed": "Provisioning failed"}.get(
            machine.state, machine.state
        )
        statuses = [{"code": f"ProvisioningState/{state}", "level": level, "displayStatus": shown, "time": at}]
        if machine.state in ("Succeeded", "Failed"):
            power = "starting" if machine.identity in self._cloud.restarting else "running"
            statuses.append({"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"})
        disks = [{"name": name, "statuses": statuses[:1]} for name in (machine.os_disk, *machine.data_disks)]
        return {"disks": disks, "statuses": statuses}

    def _set_name(self, machine: Machine) -> str:
        suffix = machine.tags.get("resourceNameSuffix", "")
        pool = machine.tags.get("poolName", "")
        return f"master-availabilityset-{suffix}" if pool == "master" else f"{pool}-availabilitySet-{suffix}"

    def _id(self, machine: Machine, kind: str, name: str) -> str:
        return self._cloud.resource_id(machine.group, kind, name)
