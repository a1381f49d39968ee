"""The control plane: each master deleted and made anew under its name, one after another, never drained."""

from __future__ import annotations

import threading

from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.go_text import duration
from backends.lab.engine.kube import KubeFailure, is_ready
from backends.lab.engine.machines import Machine, delete_machine
from backends.lab.engine.upgrading.preparation import prepare_masters
from backends.lab.engine.upgrading.topology import Topology
from backends.lab.engine.upgrading.work import HEARTBEAT_S, Undeployed, Work

_PER_MASTER_S = 20 * 60.0
_CHECK_EVERY_S = 10.0
_CHECKS = 15
_LATE_COPIES = 2


def check_upgraded_masters(work: Work, topology: Topology) -> None:
    """Give masters upgraded by an earlier run some time to be ready; raise `EngineFailure` when two or more are not.

    One that is not ready is no reason to stop, although the next one is going to be deleted.
    """
    if not topology.upgraded_masters:
        return
    log = work.session.streams.operation
    log.info("Checking status of upgraded control plane nodes")
    names = {each.name for each in topology.upgraded_masters}
    not_ready = 0
    for attempt in range(_CHECKS):
        if attempt:
            work.session.clock.sleep(_CHECK_EVERY_S)
        try:
            nodes = work.kube.list_nodes("node-role.kubernetes.io/master")
        except KubeFailure:
            continue
        not_ready = sum(1 for each in nodes if each["metadata"]["name"] in names and not is_ready(each))
        if not not_ready:
            return
    if not_ready > 1:
        log.error("At least 2 of the previously upgraded control plane nodes did not reach the NodeReady status")
        log.error("Aborting the upgrade process to avoid potential control plane downtime")
        raise EngineFailure("checking status of upgraded control plane nodes: too many upgraded nodes are not ready")


def upgrade_masters(work: Work, topology: Topology) -> threading.Thread | None:
    """Upgrade the control plane; raises `EngineFailure`.

    Returns what still looks at the last master, for what follows comes after its words; without anything to follow
    the program ends before.
    """
    log = work.session.streams.operation
    count = int(work.model.masters.get("count", 0))
    deadline = work.session.clock.spent() + _PER_MASTER_S * max(count, 1)
    upgraded = len(topology.upgraded_masters)
    present = len(topology.masters) + upgraded
    log.info(f"Master nodes StorageProfile: {work.model.masters.get('storageProfile') or 'ManagedDisks'}")
    prepare_masters(work.session, count, [str(each.get("name")) for each in work.model.pools])
    log.info(f"Total expected master count: {count}")
    log.info(f"Master nodes that need to be upgraded: {count - upgraded}")
    log.info(f"Master nodes that have been upgraded: {upgraded}")
    log.info("Starting upgrade of master nodes...")
    log.info(f"masterNodesInCluster: {present}")
    if present > count:
        raise EngineFailure(f"Total count of master VMs: {present} exceeded expected count: {count}")
    if present < count:
        log.info(
            "Found missing master VMs in the cluster. "
            "Reconstructing names of missing master VMs for recreation during upgrade..."
        )
    log.info(f"Expected master count: {count}, Creating {count - present} more master VMs")
    _create_missing(work, topology, count - present, deadline)
    for master in topology.upgraded_masters:
        log.info(f"Master VM: {master.name} is upgraded to expected orchestrator version")
    late: threading.Thread | None = None
    for master in topology.masters:
        late = _replace(work, master, deadline)
    return late


def _create_missing(work: Work, topology: Topology, count: int, deadline: float) -> None:
    """Make masters of the lowest free indices, without waiting for their nodes.

    Masters upgraded by an earlier run are not counted as taken, as in the real one: after such a run the index of one
    of them is deployed once more instead of the one that is missing.
    """
    log = work.session.streams.operation
    taken = {each.index for each in topology.masters}
    for _ in range(count):
        index = next(each for each in range(len(taken) + 1) if each not in taken)
        log.info(f"Creating upgraded master VM with index: {index}")
        try:
            _create(work, index, deadline)
        except Undeployed as error:
            log.info(f"Error creating upgraded master VM with index: {index}")
            raise EngineFailure(error.text) from error
        log.warn("VM name was empty. Skipping node condition check")
        taken.add(index)


def _create(work: Work, index: int, deadline: float) -> None:
    log = work.session.streams.operation
    log.info(f"Master offset: {index}")
    log.info(f"Master pool set count to: {index + 1} temporarily during upgrade...")
    work.create_machine("master", index, deadline=deadline)


def _replace(work: Work, master: Machine, deadline: float) -> threading.Thread:
    log = work.session.streams.operation
    log.info(f"Upgrading Master VM: {master.name}")
    try:
        delete_machine(work.session, work.arm, work.group, master.name)
    except EngineFailure as error:
        log.info(f"Error deleting master VM: {master.name}, err: {error.text}")
        raise
    try:
        _create(work, master.index, deadline)
    except Undeployed as error:
        log.info(f"Error creating upgraded master VM: {master.name}")
        raise EngineFailure(error.text) from error
    try:
        return _await_ready(work, master.name.lower())
    except EngineFailure:
        log.info(f"Error validating upgraded master VM: {master.name}")
        raise


def _await_ready(work: Work, node: str) -> threading.Thread:
    """Look every 5 s until a node is ready; return the watcher, which says so twice more while the work goes on."""
    clock, log = work.session.clock, work.session.streams.operation
    deadline = clock.spent() + work.ready_timeout_s
    while not _look(work, node):
        left_s = deadline - clock.spent()
        clock.sleep(min(left_s, HEARTBEAT_S))
        if left_s < HEARTBEAT_S:
            limit = duration(work.ready_timeout_s)
            log.error(f"Node was not ready within {limit}")
            raise EngineFailure(f"Node was not ready within {limit}")

    def look_again() -> None:
        for _ in range(_LATE_COPIES):
            while not _look(work, node):
                clock.sleep(HEARTBEAT_S)

    late = threading.Thread(target=look_again, daemon=True)
    late.start()
    return late


def _look(work: Work, node: str) -> bool:
    log = work.session.streams.operation
    try:
        found = work.kube.get_node(node)
    except KubeFailure as error:
        log.info(f"Master node: {node} status error: {error.text}")
        return False
    if is_ready(found):
        log.info(f"Master node: {node} is ready")
        return True
    log.info(f"Master node: {node} not ready yet...")
    return False
