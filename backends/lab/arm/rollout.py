"""Carrying out deployments: machines are made in parallel, and what fails them is told as the real one nests it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backends.lab.arm.cloud import Cloud, Operation
from backends.lab.arm.marketplace import Marketplace
from backends.lab.arm.problems import Problem
from backends.lab.arm.templates import WantedMachine
from backends.lab.world.machines import Machine
from backends.lab.world.node_shape import MASTER_POOL

CREATE_S = 480.0
CLUSTER_S = 1500.0
_REFUSED_S = 30.0
_UNALLOCATED_S = 90.0
_DEFAULT_EXIT = 50
"""OUTBOUND_CONN_FAIL of the provisioning script: what a stamp cut off from the world shows."""
VM = "Microsoft.Compute/virtualMachines"


@dataclass(slots=True)
class Deployment:
    """A deployment of a group; `failures` are errors by the resource's kind and name."""

    name: str
    group: str
    begun_s: float
    identity: str
    operation: Operation
    machines: tuple[str, ...] = ()
    state: str = "Running"
    ended_s: float = 0.0
    failures: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    waiting: int = 0

    @property
    def error(self) -> dict[str, Any] | None:
        """The error of the whole."""
        if not self.failures:
            return None
        text = "At least one resource deployment operation failed. Please list deployment operations for details."
        details = [{"code": "Conflict", "message": json.dumps(inner)} for _, _, inner in self.failures]
        return {"code": "DeploymentFailed", "message": text, "details": details}


class Rollout:
    """Makes the machines of deployments."""

    def __init__(self, cloud: Cloud, marketplace: Marketplace) -> None:
        self._cloud = cloud
        self._marketplace = marketplace

    def check(self, name: str, wanted: Sequence[WantedMachine]) -> list[WantedMachine]:
        """Return the machines that are to be made; raises Problem for what validation finds: a quota, another image.

        One that is there and failed is made again; any other one only gets its tags.
        """
        new, again, kept = [], [], []
        for each in wanted:
            held = self._cloud.inventory.machines.find(each.machine.group, each.machine.name)
            if held is None:
                new.append(each)
            elif held.state == "Deleting":
                text = f"Operation 'write' is not allowed on VM '{held.name}' since the VM is marked for deletion."
                raise Problem(409, "OperationNotAllowed", text)
            elif held.image != each.machine.image:
                raise Problem(409, "PropertyChangeNotAllowed", "Changing property 'imageReference' is not allowed.")
            elif held.state == "Failed":
                again.append(each)
            else:
                kept.append((held, each.machine.tags))
        if refusal := self._marketplace.take([each.machine for each in new]):
            text = (
                f"The template deployment '{name}' is not valid according to the validation procedure. The tracking id "
                f"is '{self._cloud.dice.getrandbits(64):016x}'. See inner errors for details."
            )
            raise Problem(
                400, "InvalidTemplateDeployment", text, details=[{"code": "QuotaExceeded", "message": refusal}]
            )
        for held, tags in kept:
            self._cloud.retag(held, tags)
        return [*new, *again]

    def begin(self, deployment: Deployment, new: Sequence[WantedMachine]) -> None:
        """Begin to make the machines; the deployment ends with the last of them."""
        pools = {each.machine.tags.get("poolName") == MASTER_POOL for each in new}
        whole_s = CLUSTER_S if len(pools) == 2 else CREATE_S
        deployment.waiting = len(new)
        if not new:
            deployment.waiting = 1
            self._cloud.later(_REFUSED_S, self._end_one, deployment)
        for each in new:
            self._begin_one(deployment, each, whole_s)

    def _begin_one(self, deployment: Deployment, wanted: WantedMachine, whole_s: float) -> None:
        cloud, machine = self._cloud, wanted.machine
        if not self._marketplace.has(machine.image):
            text = f"The platform image '{':'.join(machine.image)}' is not available. Verify that all fields in the "
            text += "storage profile are correct."
            error = _failed_operation("PlatformImageNotFound", text)
            cloud.later(_REFUSED_S, self._fail_one, deployment, VM, machine.name, error)
            return
        failed = cloud.inventory.machines.find(machine.group, machine.name)
        made = cloud.create(machine, wanted.os_disk) if failed is None else cloud.retry(failed, machine.tags)
        if cloud.faults.active("allocation-failed"):
            cloud.later(_UNALLOCATED_S, self._unallocated, deployment, made)
        else:
            cloud.later(whole_s, self._made, deployment, made)

    def _unallocated(self, deployment: Deployment, machine: Machine) -> None:
        self._cloud.fail(machine)
        text = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
        self._fail_one(deployment, VM, machine.name, _failed_operation("AllocationFailed", text))

    def _made(self, deployment: Deployment, machine: Machine) -> None:
        code = self._exit_code(machine.name)
        if code is None:
            self._cloud.finish(machine)
            self._end_one(deployment)
            return
        self._cloud.fail(machine)
        head, _, index = machine.name.rpartition("-")
        kind = "master" if "-master-" in head else "agent"
        text = (
            f"VM has reported a failure when processing extension 'cse-{kind}-{index}'. Error message: \"Enable "
            f'failed: failed to execute command: command terminated with exit status={code}\n[stdout]\n\n[stderr]\n".'
        )
        name = f"{machine.name}/cse-{kind}-{index}"
        self._fail_one(deployment, f"{VM}/extensions", name, _failed_operation("VMExtensionProvisioningError", text))

    def _exit_code(self, name: str) -> int | None:
        fault = self._cloud.faults.active("arm-failed")
        if fault is None:
            return None
        node, _, code = fault.argument.partition(":")
        return int(code or _DEFAULT_EXIT) if node in ("", name) else None

    def _fail_one(self, deployment: Deployment, kind: str, name: str, error: Mapping[str, Any]) -> None:
        deployment.failures.append((kind, name, error))
        self._end_one(deployment)

    def _end_one(self, deployment: Deployment) -> None:
        deployment.waiting -= 1
        if deployment.waiting > 0:
            return
        deployment.ended_s = self._cloud.now_s
        deployment.state = "Failed" if deployment.failures else "Succeeded"
        self._cloud.close_operation(deployment.operation, deployment.error)


def _failed_operation(code: str, text: str) -> dict[str, Any]:
    """Return what a resource provider says of an operation that did not end well."""
    outer = "The resource operation completed with terminal provisioning state 'Failed'."
    inner = {"code": "ResourceDeploymentFailure", "message": outer, "details": [{"code": code, "message": text}]}
    return {"status": "Failed", "error": inner}
