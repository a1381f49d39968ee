"""The masters, one after the other, each deleted and made anew under its name."""

from __future__ import annotations

from backends.aks_engine.log.nodes import MASTER_POOL, Kind, Machine
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.planning import KEPT_NOTE
from backends.aks_engine.log.steps.step import Steps
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep

_UNWATCHED = "made anew; aks-engine does not wait until it is ready"


def _master(state: RunState, line: EngineLine) -> Machine:
    state.pool = MASTER_POOL
    return state.machines.get(line.fields["node"], Kind.MASTER, MASTER_POOL)


def _kept(state: RunState, line: EngineLine) -> None:
    machine = _master(state, line)
    if machine.began_at is None and machine.step is NodeStep.WAITING:
        machine.kind, machine.step, machine.note = Kind.KEPT, NodeStep.READY, KEPT_NOTE


def _made(state: RunState, line: EngineLine) -> None:
    state.pool = MASTER_POOL
    name = state.machine_name(MASTER_POOL, line.fields["index"])
    if name is None:
        return
    machine = state.machines.get(name, Kind.MASTER, MASTER_POOL)
    machine.enter(NodeStep.DEPLOYING, line.at)
    if len(state.made_masters) < 10:
        state.made_masters.append(name)


def _unwatched(state: RunState, line: EngineLine) -> None:
    """The line names no machine: it speaks of the missing masters in the order of their making."""
    if state.made_masters and (machine := state.machines.find(state.made_masters.pop(0))):
        machine.enter(NodeStep.READY, line.at)
        machine.note = _UNWATCHED


def _begin(state: RunState, line: EngineLine) -> None:
    _master(state, line).enter(NodeStep.DELETING, line.at)


def _wait(state: RunState, line: EngineLine) -> None:
    """Copies of `is ready` and of a wait may come late, when the next master is under way."""
    machine = _master(state, line)
    if machine.step in (NodeStep.WAITING, NodeStep.DELETING, NodeStep.DEPLOYING):
        machine.enter(NodeStep.JOINING, line.at)


def _status_error(state: RunState, line: EngineLine) -> None:
    _wait(state, line)
    _master(state, line).passing = f"cannot be asked for: {line.fields['error'][:200]}"


def _ready(state: RunState, line: EngineLine) -> None:
    machine = state.machines.get(line.fields["node"], Kind.MASTER, MASTER_POOL)
    if machine.step is not NodeStep.READY:
        machine.enter(NodeStep.READY, line.at)


def _failed(state: RunState, line: EngineLine) -> None:
    """A missing master is told of by its index."""
    told = line.fields["node"]
    name = state.machine_name(MASTER_POOL, told) if told.isdecimal() else told
    if name is not None:
        state.machines.get(name, Kind.MASTER, MASTER_POOL).enter(NodeStep.FAILED, line.at)


STEPS: Steps = {
    "master_already": _kept,
    "master_create_idx": _made,
    "vmname_empty": _unwatched,
    "master_begin": _begin,
    "master_wait": _wait,
    "master_status_error": _status_error,
    "master_ready": _ready,
    "master_err_create": _failed,
    "master_err_validate": _failed,
    "master_err_delete": _failed,
}
