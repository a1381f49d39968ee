"""Virtual machines of the cluster by ARM: listed, told apart by name and tags, deleted with what hangs on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from backends.lab.engine.arm import COMPUTE, DISKS, NETWORK, OPERATION_TIMEOUT_S, Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.session import Session

_LINUX_NAME = re.compile(r"k8s-(?P<pool>[a-z0-9]+)-(?P<suffix>[a-zA-Z0-9]{8})-(?P<index>\d+)")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine as ARM lists it; `index` is the last number of its name, `pool` and `suffix` its parts."""

    name: str
    pool: str
    suffix: str
    index: int
    state: str
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Kubernetes version of its tag, empty when the tag is absent or says something else."""
        parts = self.tags.get("orchestrator", "").split(":")
        return parts[1] if len(parts) == 2 else ""


def list_machines(arm: Arm, group: str) -> list[Machine]:
    """Return every machine of a resource group in ARM's order; raises `ArmFailure`."""
    return [_machine(each) for each in arm.list(f"{_compute(group)}", COMPUTE)]


def _machine(resource: dict[str, Any]) -> Machine:
    name = str(resource.get("name", ""))
    parts = _LINUX_NAME.fullmatch(name)
    properties = resource.get("properties") or {}
    return Machine(
        name,
        parts["pool"] if parts else "",
        parts["suffix"] if parts else "",
        int(parts["index"]) if parts else -1,
        str(properties.get("provisioningState", "")),
        {str(key): str(value) for key, value in (resource.get("tags") or {}).items()},
    )


def delete_machine(session: Session, arm: Arm, group: str, name: str) -> None:
    """Delete a machine, then its network interface, then its system disk; raises `EngineFailure`.

    A data disk stays: the control plane's etcd lives on one.
    """
    log = session.streams.operation
    deadline = session.clock.spent() + OPERATION_TIMEOUT_S
    path = f"{_compute(group)}/{name}"
    try:
        found = arm.get(path, COMPUTE).get("properties") or {}
    except ArmFailure as error:
        log.error(f"failed to get VM {name} in resource group {group}: {error.text}")
        raise EngineFailure(error.text) from error
    disk = (found.get("storageProfile") or {}).get("osDisk") or {}
    interfaces = (found.get("networkProfile") or {}).get("networkInterfaces") or []
    parts = [("VM", name, path, COMPUTE)]
    if interfaces and interfaces[0].get("id"):
        nic = str(interfaces[0]["id"]).rpartition("/")[2]
        parts.append(("NIC", nic, f"{_group(group)}/Microsoft.Network/networkInterfaces/{nic}", NETWORK))
    if disk.get("name"):
        disk_path = f"{_group(group)}/Microsoft.Compute/disks/{disk['name']}"
        parts.append(("managed disk", str(disk["name"]), disk_path, DISKS))
    for kind, thing, where, version in parts:
        log.info(f"deleting {kind} {thing} in resource group {group} ...")
        try:
            arm.finish(arm.call("DELETE", where, version, deadline=deadline), deadline=deadline)
        except ArmFailure as error:
            raise EngineFailure(error.text) from error


def _group(group: str) -> str:
    return f"/resourcegroups/{group}/providers"


def _compute(group: str) -> str:
    return f"{_group(group)}/Microsoft.Compute/virtualMachines"
