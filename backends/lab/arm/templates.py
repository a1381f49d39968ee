"""Templates of deployments: which machines they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backends.lab.arm.calls import COMPUTE
from backends.lab.arm.problems import Problem
from backends.lab.world.machines import Machine

_VM = "microsoft.compute/virtualmachines"


@dataclass(frozen=True, slots=True)
class WantedMachine:
    """A machine of a template; `os_disk` is its disk's name, empty when the template leaves it to ARM."""

    machine: Machine
    os_disk: str


def read_template(properties: Any, group: str, location: str) -> list[WantedMachine]:
    """Return the machines a deployment's template asks for, literally: expressions are not evaluated here.

    Resources of other kinds are passed over: a machine brings its interface and disks. Raises Problem for a template
    that Resource Manager would not take.
    """
    template = properties.get("template") if isinstance(properties, dict) else None
    resources = template.get("resources") if isinstance(template, dict) else None
    if not isinstance(resources, list):
        raise _invalid("the required property 'resources' was not found")
    found = []
    for resource in resources:
        if not isinstance(resource, dict) or not all(resource.get(key) for key in ("type", "name", "apiVersion")):
            raise _invalid("the resource has to have a type, a name and an apiVersion")
        if str(resource["type"]).lower() == _VM:
            found.append(_machine(resource, group, location))
    return found


def _machine(resource: Mapping[str, Any], group: str, location: str) -> WantedMachine:
    name = str(resource["name"])
    if name.startswith("["):
        raise _invalid(f"the expression '{name}' cannot be evaluated")
    if str(resource["apiVersion"]) not in COMPUTE:
        text = (
            f"No registered resource provider found for location '{location}' and API version "
            f"'{resource['apiVersion']}' for type 'virtualMachines'. The supported api-versions are "
            f"'{', '.join(COMPUTE)}'. The supported locations are '{location}'."
        )
        raise Problem(400, "NoRegisteredProviderFound", text)
    if str(resource.get("location", location)).lower() != location.lower():
        text = f"The provided location '{resource['location']}' is not available for resource type "
        text += f"'{resource['type']}'. List of available regions for the resource type is '{location}'."
        raise Problem(400, "LocationNotAvailableForResourceType", text)
    properties = _part(resource, "properties")
    storage = _part(properties, "storageProfile")
    image = _part(storage, "imageReference")
    parts = tuple(str(image.get(key, "")) for key in ("publisher", "offer", "sku", "version"))
    size = str(_part(properties, "hardwareProfile").get("vmSize", ""))
    if not size or not all(parts):
        raise _invalid(f"the machine '{name}' has no hardwareProfile.vmSize or no storageProfile.imageReference")
    tags = {str(key): str(value) for key, value in _part(resource, "tags").items()}
    computer = str(_part(properties, "osProfile").get("computerName", "") or name)
    reference = parts[0], parts[1], parts[2], parts[3]
    machine = Machine(name, group, size, tags, reference, "", "", 0.0, computer_name=computer)
    return WantedMachine(machine, str(_part(storage, "osDisk").get("name", "")))


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within another, an empty one when it is not there; raises Problem when it is something else."""
    part = whole.get(name) or {}
    if not isinstance(part, dict):
        raise _invalid(f"the value of '{name}' is no object")
    return part


def _invalid(why: str) -> Problem:
    return Problem(400, "InvalidTemplate", f"Deployment template validation failed: '{why}'.")
