"""From ARM's JSON to the console's own values. What is of another shape is left out, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backends.azure_stack.failures import error_text
from backends.model import inert
from backends.model.azure_stack import Deployment, MachineState, Usage, VirtualMachine

_POWER = {
    "running": MachineState.RUNNING,
    "starting": MachineState.RUNNING,
    "stopped": MachineState.STOPPED,
    "stopping": MachineState.STOPPED,
    "deallocated": MachineState.STOPPED,
    "deallocating": MachineState.STOPPED,
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)")


def machine_of(found: Mapping[str, Any]) -> VirtualMachine | None:
    """Return a virtual machine; `orchestrator=Kubernetes:1.34.4` and the other tags are aks-engine's."""
    name = _text(found, "name")
    if not name:
        return None
    tags = {
        inert.name(key): inert.name(value) for key, value in _mapping(found, "tags").items() if isinstance(value, str)
    }
    properties = _mapping(found, "properties")
    return VirtualMachine(
        name=name,
        size=_text(_mapping(properties, "hardwareProfile"), "vmSize"),
        state=_state(properties),
        pool=tags.get("poolName", ""),
        orchestrator=tags.get("orchestrator", "").removeprefix("Kubernetes:"),
        suffix=tags.get("resourceNameSuffix", ""),
        engine=tags.get("aksEngineVersion", ""),
        image=_image(_mapping(_mapping(properties, "storageProfile"), "imageReference")),
        tags=tags,
    )


def usage_of(found: Mapping[str, Any]) -> Usage | None:
    """Return a quota; None when it is none."""
    name = _text(_mapping(found, "name"), "value")
    used, limit = found.get("currentValue"), found.get("limit")
    if not name or not isinstance(used, int) or not isinstance(limit, int):
        return None
    return Usage(name, used, limit)


def deployment_of(found: Mapping[str, Any]) -> Deployment | None:
    """Return a deployment, `at` when its state was last written."""
    name, properties = _text(found, "name"), _mapping(found, "properties")
    if not name:
        return None
    error = properties.get("error")
    return Deployment(
        name,
        _text(properties, "provisioningState"),
        seconds_of(_text(properties, "timestamp")),
        error_text(error) if error else "",
    )


def seconds_of(text: str) -> float:
    """Return the seconds of the Unix epoch of an ARM time, which has seven decimals; 0.0 when it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return 0.0
    try:
        whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
    return whole + (float(f"0.{found[2]}") if found[2] else 0.0)


def _state(properties: Mapping[str, Any]) -> MachineState:
    # A machine whose deployment failed may run all the same, and is not whole.
    if _text(properties, "provisioningState").lower() == "failed":
        return MachineState.FAILED
    statuses = _mapping(properties, "instanceView").get("statuses")
    for each in statuses if isinstance(statuses, list) else []:
        kind, _, power = _text(each, "code").partition("/")
        if kind == "PowerState":
            return _POWER.get(power.lower(), MachineState.UNKNOWN)
    return MachineState.UNKNOWN


def _image(found: Mapping[str, Any]) -> str:
    parts = [_text(found, each) for each in ("publisher", "offer", "sku", "version")]
    return ":".join(parts) if all(parts) else _text(found, "id")


def _mapping(found: Any, name: str) -> Mapping[str, Any]:
    value = found.get(name) if isinstance(found, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, Mapping) else None
    return inert.name(value) if isinstance(value, str) else ""
