"""ARM deployments as the engine makes them: begun, waited for in silence, told of at both ends."""

from __future__ import annotations

from typing import Any

from backends.lab.engine.arm import OPERATION_TIMEOUT_S, RESOURCES, Arm
from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.session import Session
from backends.lab.engine.template import template


def deploy(
    session: Session, arm: Arm, group: str, name: str, machines: list[dict[str, Any]], suffix: str,
    *, deadline: float | None = None,
) -> None:  # fmt: skip
    """Deploy machines of the cluster `suffix` into a resource group and wait for the end; raises `ArmFailure`.

    `deadline`: by the clock's `spent`, when waiting is given up; 150 minutes from now without one.
    A refusal of the template itself is raised without the line that tells of an end.
    """
    body = {
        "properties": {
            "mode": "Incremental",
            "template": template(machines),
            "parameters": {"nameSuffix": {"value": suffix}},
        }
    }
    until = session.clock.spent() + OPERATION_TIMEOUT_S if deadline is None else deadline
    session.streams.info(f"Starting ARM Deployment {name} in resource group {group}. This will take some time...")
    path = f"/resourcegroups/{group}/providers/Microsoft.Resources/deployments/{name}"
    begun = arm.call("PUT", path, RESOURCES, body, deadline=until)
    try:
        arm.finish(begun, deadline=until)
    except ArmFailure as error:
        session.streams.info(f"Finished ARM Deployment ({name}). Error: {error.text}")
        raise
    session.streams.info(f"Finished ARM Deployment ({name}). Succeeded")
