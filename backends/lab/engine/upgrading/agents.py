"""The pools: one machine more, then each old one emptied, deleted and made anew, the last one not made again.

The order of the machines, and of the pools, is random, as the real one's is.
"""

from __future__ import annotations

from backends.lab.engine.drain import DrainFailed, drain
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import duration
from backends.lab.engine.kube import KubeFailure, is_ready
from backends.lab.engine.machines import Machine, delete_machine
from backends.lab.engine.template import machine_name
from backends.lab.engine.upgrading.node_copy import copy_properties
from backends.lab.engine.upgrading.preparation import prepare_pool
from backends.lab.engine.upgrading.topology import PoolMachines, Topology
from backends.lab.engine.upgrading.work import HEARTBEAT_S, Undeployed, Work


def upgrade_pools(work: Work, topology: Topology) -> None:
    """Upgrade every pool that has machines; raises `EngineFailure`."""
    pools = list(topology.pools.values())
    work.session.dice.shuffle(pools)
    for pool in pools:
        if not _upgrade_pool(work, pool):
            return


def _upgrade_pool(work: Work, pool: PoolMachines) -> bool:
    """Upgrade one pool; return False when the model has it at zero, for the real one leaves it at that."""
    log = work.session.streams.operation
    names = [str(each.get("name")) for each in work.model.pools]
    prepare_pool(work.session, pool.name, int(work.model.masters.get("count", 0)), names)
    profile = work.model.pool(pool.name) or {}
    count = int(profile.get("count", 0))
    if not count:
        log.info(f"Agent pool '{pool.name}' is empty")
        return False
    taken = _take_stock(work, pool)
    log.info(
        f"Starting upgrade of {len(pool.old)} agent nodes (out of {count}) "
        f"in pool identifier: {pool.identifier}, name: {pool.name}..."
    )
    present = sum(taken.values()) + len(pool.old)
    indices = set(taken) | {each.index for each in pool.old}
    created = _create_more(work, pool.name, indices, count + bool(pool.old) - present)
    if not pool.old:
        log.info("No nodes to upgrade")
        return True
    preserves = profile.get("preserveNodesProperties") is not False
    old = list(pool.old)
    work.session.dice.shuffle(old)
    for position, machine in enumerate(old):
        _replace(work, pool.name, machine, created, preserves=preserves, is_last=position == len(old) - 1)
    return True


def _take_stock(work: Work, pool: PoolMachines) -> dict[int, bool]:
    """Return the indices of upgraded machines and whether they count; one that failed is deleted and is not there."""
    log = work.session.streams.operation
    taken = {}
    for machine in pool.upgraded:
        log.info(f"Agent VM: {machine.name}, pool name: {pool.name} on expected orchestrator version")
        if machine.state == "Failed":
            log.info(f"Deleting agent VM {machine.name} in provisioning state {machine.state}")
            _delete(work, machine.name)
            continue
        taken[machine.index] = machine.state in ("Creating", "Updating", "Succeeded")
        if not taken[machine.index]:
            log.info(f"Ignoring agent VM {machine.name} in provisioning state {machine.state}")
    return taken


def _create_more(work: Work, pool: str, taken: set[int], count: int) -> list[str]:
    """Make the machines that are missing and one to move work to, each ready before the next; return their names."""
    log = work.session.streams.operation
    created = []
    for _ in range(count):
        index = _free_index(taken)
        name = machine_name(pool, work.suffix, index)
        log.info(f"Creating new agent node {name} (index {index})")
        try:
            _create(work, pool, index)
        except EngineFailure as error:
            log.error(f"Error creating agent node {name} (index {index}): {error.text}")
            raise
        try:
            _await_ready(work, name)
        except EngineFailure as error:
            log.info(f"Error validating agent node {name} (index {index}): {error.text}")
            raise
        created.append(name)
        taken.add(index)
    return created


def _free_index(taken: set[int]) -> int:
    """Return the lowest index not taken below the highest, else the one after it; never 0 for a pool without any."""
    highest = max(taken, default=0)
    return next((each for each in range(highest) if each not in taken), highest + 1)


def _replace(work: Work, pool: str, machine: Machine, created: list[str], *, preserves: bool, is_last: bool) -> None:
    log = work.session.streams.operation
    log.info(f"Upgrading Agent VM: {machine.name}, pool name: {pool}")
    if preserves and created:
        copy_properties(work, machine.name.lower(), created.pop(0))
    _drain(work, machine.name)
    _delete(work, machine.name)
    if is_last:
        log.info(f"Skipping creation of VM {machine.name} (index {machine.index})")
        return
    what = "creating"
    try:
        _create(work, pool, machine.index)
        what = "validating"
        _await_ready(work, machine.name)
    except EngineFailure as error:
        log.error(f"Error {what} upgraded agent VM {machine.name}: {error.text}")
        raise
    created.append(machine.name)


def _create(work: Work, pool: str, index: int) -> None:
    log = work.session.streams.operation
    log.info(f"Agent pool: {pool}, set count to: {index + 1} temporarily during upgrade. Upgrading agent: {index}")
    try:
        work.create_machine(pool, index)
    except Undeployed as error:
        log.info(f"Getting detailed deployment errors for {error.name}")
        log.error("Got error from Azure SDK without response from ARM")
        raise EngineFailure(
            f"DeploymentName[{error.name}] ResourceGroup[{work.group}] TopError[{error.text}] "
            "ProvisioningState[] Operations[]"
        ) from error


def _drain(work: Work, name: str) -> None:
    """Empty a node; when that fails its machine is deleted all the same."""
    try:
        drain(work.session, work.kube, name.lower(), work.drain_timeout_s, work.ready_timeout_s)
    except DrainFailed as error:
        work.session.streams.operation.warn(
            f"Error draining agent VM {name}. Proceeding with deletion. Error: {error.text}"
        )


def _delete(work: Work, name: str) -> None:
    """Delete a machine and its node; only the machine's refusal is a failure."""
    log = work.session.streams.operation
    try:
        delete_machine(work.session, work.arm, work.group, name)
    except EngineFailure as error:
        log.error(f"Error deleting agent VM {name}: {error.text}")
        raise
    try:
        work.kube.delete_node(name.lower())
    except KubeFailure as error:
        if error.status and error.status != 404:
            log.warn(f"Node {name} got an error while deregistering: {error.text}")


def _await_ready(work: Work, name: str) -> None:
    """Look every 5 s until a node is ready; one that is not in time is deleted, machine and all."""
    clock, log = work.session.clock, work.session.streams.operation
    node = name.lower()
    log.info(f"Validating {node}")
    deadline = clock.spent() + work.ready_timeout_s
    while not _is_ready(work, node):
        left_s = deadline - clock.spent()
        clock.sleep(min(left_s, HEARTBEAT_S))
        if left_s >= HEARTBEAT_S:
            continue
        limit = duration(work.ready_timeout_s)
        try:
            _delete(work, name)
        except EngineFailure as error:
            raise EngineFailure(
                f"Node was not ready within {limit}. Failed to delete node {name}, error: {error.text}"
            ) from error
        raise EngineFailure(f"Node was not ready within {limit}. Succeeded to delete node {name}.")


def _is_ready(work: Work, node: str) -> bool:
    log = work.session.streams.operation
    try:
        found = work.kube.get_node(node)
    except KubeFailure as error:
        log.info(f"Agent node: {node} status error: {error.text}")
        return False
    if is_ready(found):
        log.info(f"Agent node: {node} is ready")
        return True
    log.info(f"Agent node: {node} not ready yet...")
    return False
