"""Machines are cordoned and drained, and deleted whether that worked or not."""

from __future__ import annotations

from backends.aks_engine.log.nodes import Kind, Machine
from backends.aks_engine.log.run_state import Drain, RunState
from backends.aks_engine.log.steps.step import Steps, number
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep

_MOST_NAMES = 3


def _machine(state: RunState, name: str, at: float | None) -> Machine | None:
    """Return the machine that is being drained, None for a fresh one that is drained only to get labels."""
    if name == state.copying_to:
        return state.machines.find(name)
    machine = state.machines.get(name, Kind.OLD, state.pool)
    if machine.step in (NodeStep.WAITING, NodeStep.COPYING):
        machine.enter(NodeStep.DRAINING, at)
    return machine


def _cordoned(state: RunState, line: EngineLine) -> None:
    _machine(state, line.fields["node"], line.at)


def _counted(state: RunState, line: EngineLine) -> None:
    node, pods = line.fields.get("node", state.replacing), number(line, "pods")
    state.drain = Drain(node, pods)
    if machine := _machine(state, node, line.at):
        machine.passing = f"{pods} pods to evict"


def _empty(state: RunState, line: EngineLine) -> None:
    state.drain = Drain(line.fields["node"])
    if (machine := _machine(state, line.fields["node"], line.at)) and line.fields["node"] != state.copying_to:
        machine.passing = "no pods to evict"


def _evicted(state: RunState, line: EngineLine) -> None:
    """Which machine a pod was on is not said: with several draining at once nobody can tell."""
    drain = state.drain
    drain.gone += 1
    draining = [each for each in state.machines if each.step is NodeStep.DRAINING]
    if len(draining) <= 1 and (machine := state.machines.find(drain.node)):
        machine.passing = f"{drain.pods} pods to evict, {max(0, drain.pods - drain.gone)} left"


def _pending(state: RunState, line: EngineLine) -> None:
    state.drain.left = []


def _pending_pod(state: RunState, line: EngineLine) -> None:
    if len(state.drain.left) <= _MOST_NAMES:
        state.drain.left.append(line.fields["pod"])


def _given_up(state: RunState, line: EngineLine) -> None:
    node = line.fields["node"]
    left = state.drain.left
    pods = f"; left: {', '.join(left[:_MOST_NAMES])}{' and more' if len(left) > _MOST_NAMES else ''}" if left else ""
    if line.fields["next"] == "deletion":
        state.alarm(f"the drain of {node} was given up and its machine is deleted all the same{pods}")
        note = f"its drain failed and it was deleted all the same{pods}"
    else:
        state.alarm(f"the drain of the fresh {node} was given up before labels were copied to it{pods}")
        note = f"its drain was given up{pods}"
    if machine := state.machines.find(node):
        machine.note = note
    state.drain = Drain()


def _deleting(state: RunState, line: EngineLine) -> None:
    machine = state.machines.get(line.fields["node"], Kind.OLD, state.pool)
    if machine.step is NodeStep.JOINING:
        machine.note = "never became ready; its machine is deleted again"
    if machine.step is not NodeStep.FAILED:
        machine.enter(NodeStep.DELETING, line.at)
    state.drain = Drain()


def _left_behind(state: RunState, line: EngineLine) -> None:
    state.alarm(f"the node {line.fields['node']} stays listed in Kubernetes, its machine is gone")


STEPS: Steps = {
    "cordoned": _cordoned,
    "drain_count": _counted,
    "drain_none": _empty,
    "pod_evicted": _evicted,
    "drain_pending": _pending,
    "drain_pending_pod": _pending_pod,
    "drain_timeout_proceed": _given_up,
    "vm_delete": _deleting,
    "node_left_behind": _left_behind,
}
