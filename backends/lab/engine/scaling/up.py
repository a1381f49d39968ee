"""More machines: one deployment for all, their indices after the highest there is."""

from __future__ import annotations

from backends.lab.engine.arm_failure import ArmFailure
from backends.lab.engine.deployments import deploy
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.machines import Machine
from backends.lab.engine.scaling.nodes import PoolNodes
from backends.lab.engine.scaling.pool import PoolWork
from backends.lab.engine.template import machine


def scale_up(work: PoolWork, nodes: PoolNodes, machines: list[Machine]) -> None:
    """Deploy what is missing and wait until the nodes are there, not until they are ready; raises `EngineFailure`.

    Holes below the highest index stay holes. Without an address of the API nobody looks at nodes.
    """
    log = work.session.streams.operation
    first = machines[-1].index + 1
    suffix = work.model.cluster_id
    new = [
        machine(work.model.content, work.name, suffix, index, work.session.release)
        for index in range(first, first + work.count - len(machines))
    ]
    if nodes.found is not None:
        log.info(f"Nodes in pool '{work.name}' before scaling:\n")
        nodes.show()
    try:
        deploy(work.session, work.arm, work.group, f"{work.group}-{work.session.deployment_suffix()}", new, suffix)
    except ArmFailure as error:
        raise EngineFailure(error.text) from error
    if nodes.found is None:
        return
    if nodes.read(work.count):
        log.info(f"Nodes in pool '{work.name}' after scaling:\n")
        nodes.show()
    else:
        log.warn(f"Unable to get nodes in pool {work.name} after scaling:\n")
