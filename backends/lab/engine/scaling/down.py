"""Fewer machines: those of the highest indices are drained together, then deleted together."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from backends.lab.engine.drain import DrainFailed, drain
from backends.lab.engine.failure import EngineFailure
from backends.lab.engine.machines import Machine, delete_machine
from backends.lab.engine.scaling.nodes import PoolNodes
from backends.lab.engine.scaling.pool import PoolWork

_DRAIN_TIMEOUT_S = 60 * 60.0


def scale_down(work: PoolWork, nodes: PoolNodes, machines: list[Machine]) -> None:
    """Drain and delete the machines too many; raises `EngineFailure`.

    A drain that fails ends it: nothing is deleted then, and the nodes stay cordoned. The Node objects are taken away by
    the cluster's cloud controller; the command waits for that up to 5 minutes.
    """
    call, log = work.session.call, work.session.streams.operation
    if not (call.text("apiserver") or call.text("master-FQDN")):
        raise EngineFailure(
            "--apiserver is required to scale down a kubernetes cluster's agent pool", shows_usage_first=True
        )
    _tell_before(work, nodes, len(machines))
    going = [each.name for each in reversed(machines[work.count :])]
    for name in going:
        log.info(f"Node {name} will be cordoned and drained\n")
    _drain_all(work, going)
    for name in going:
        log.info(f"Node {name}'s VM will be deleted\n")
    _delete_all(work, going)
    if nodes.found is None:
        return
    if nodes.read(work.count):
        log.info(f"Nodes in pool {work.name} after scaling:\n")
        nodes.show()
    else:
        log.warn(f"Unable to get nodes in pool {work.name} after scaling:\n")


def _tell_before(work: PoolWork, nodes: PoolNodes, machines: int) -> None:
    if nodes.found is None:
        return
    log = work.session.streams.operation
    known = len(nodes.found)
    verb, noun = ("is", "node") if known == 1 else ("are", "nodes")
    log.info(f"There {verb} {known} {noun} in pool {work.name} before scaling down to {work.count}:\n")
    nodes.show()
    if known != machines:
        log.warn(
            f'There are {machines} VMs named "*{work.name}*" in the resource group {work.group}, but there are '
            f'{known} nodes named "*{work.name}*" in the Kubernetes cluster\n'
        )
    else:
        gone = machines - work.count
        log.info(f"{gone} {'nodes' if gone > 1 else 'node'} will be deleted\n")


def _drain_all(work: PoolWork, names: list[str]) -> None:
    def one(name: str) -> None:
        try:
            drain(work.session, work.kube, name.lower(), _DRAIN_TIMEOUT_S, _DRAIN_TIMEOUT_S)
        except DrainFailed as error:
            work.session.streams.error(f"Failed to drain node {name}, got error {error.text}")
            raise EngineFailure(
                "Got error while draining the nodes to be deleted: "
                f'Node "{name}" failed to drain with error: {error.text}'
            ) from error

    # The first that fails ends the command, whatever the others are at.
    for _, error in _at_once(names, one):
        if error is not None:
            raise error


def _delete_all(work: PoolWork, names: list[str]) -> None:
    text = ""
    for name, error in _at_once(names, lambda name: delete_machine(work.session, work.arm, work.group, name)):
        if error is None:
            continue
        work.session.streams.operation.error(f"Vm '{name}' failed to delete with error: '{error.text}'")
        said = f"Node '{name}' failed to delete with error: '{error.text}'"
        text = f"{said}: {text}" if text else said
    if text:
        raise EngineFailure(text)


def _at_once(names: list[str], work: Callable[[str], None]) -> Iterator[tuple[str, EngineFailure | None]]:
    """Do something for every name at the same time; yield each name with its failure as they end."""
    ended: queue.SimpleQueue[tuple[str, Exception | None]] = queue.SimpleQueue()

    def one(name: str) -> None:
        try:
            work(name)
        except Exception as error:
            ended.put((name, error))
        else:
            ended.put((name, None))

    for name in names:
        threading.Thread(target=one, args=(name,), daemon=True).start()
    for _ in names:
        name, error = ended.get()
        if error is not None and not isinstance(error, EngineFailure):
            raise error
        yield name, error
