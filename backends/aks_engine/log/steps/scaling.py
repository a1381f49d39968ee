"""A pool is scaled: up by one deployment, down by draining and deleting the highest indices at once."""

from __future__ import annotations

from backends.aks_engine.log.nodes import MOST_MACHINES, Kind
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.outcome import succeed
from backends.aks_engine.log.steps.step import Steps
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep

_NOT_AWAITED = "made; aks-engine does not wait until it is ready"


def _before(state: RunState, line: EngineLine) -> None:
    state.pool, state.table = line.fields["pool"], "before"


def _after(state: RunState, line: EngineLine) -> None:
    state.pool, state.table = line.fields["pool"], "after"
    for machine in state.machines:
        if machine.step is NodeStep.DELETING:
            machine.enter(NodeStep.GONE, line.at)
    succeed(state, line)


def _after_unknown(state: RunState, line: EngineLine) -> None:
    _after(state, line)
    state.alarm(f"pool {state.pool}: its nodes could not be listed after the scaling")


def _row(state: RunState, line: EngineLine) -> None:
    node, status = line.fields.get("node"), line.fields.get("status", "")
    if node is None:
        return
    if state.table == "before" and len(state.nodes_before) < MOST_MACHINES:
        state.nodes_before.add(node)
    elif state.table == "after" and _is_new(state, node):
        machine = state.machines.get(node, Kind.NEW, state.pool)
        is_ready = status.split(",")[0] == "Ready"
        machine.enter(NodeStep.READY if is_ready else NodeStep.JOINING, line.at)
        machine.note = "" if is_ready else _NOT_AWAITED


def _is_new(state: RunState, node: str) -> bool:
    """Without a table before nobody can tell."""
    return bool(state.nodes_before) and node not in state.nodes_before and state.machines.find(node) is None


def _will_drain(state: RunState, line: EngineLine) -> None:
    state.machines.get(line.fields["node"], Kind.LEAVING, state.pool)


def _will_delete(state: RunState, line: EngineLine) -> None:
    state.machines.get(line.fields["node"], Kind.LEAVING, state.pool).enter(NodeStep.DELETING, line.at)


def _mismatch(state: RunState, line: EngineLine) -> None:
    state.alarm(f"machines and nodes do not agree: {line.text}")


def _no_machines(state: RunState, line: EngineLine) -> None:
    state.alarm(
        f"no machine of pool {line.fields['pool']} in {line.fields['group']}: "
        "aks-engine looks again every 30 s, ten times, then gives up"
    )


def _failed(state: RunState, line: EngineLine) -> None:
    machine = state.machines.get(line.fields["node"], Kind.LEAVING, state.pool)
    drained = line.message == "scale_drain_fail"
    machine.note = "its drain failed: it stays, cordoned" if drained else "its machine could not be deleted"
    machine.enter(NodeStep.FAILED, line.at)


STEPS: Steps = {
    "scale_before_up": _before,
    "scale_before_down": _before,
    "scale_after": _after,
    "scale_after_unknown": _after_unknown,
    "table_row": _row,
    "scale_will_drain": _will_drain,
    "scale_will_delete": _will_delete,
    "scale_mismatch": _mismatch,
    "scale_no_vms": _no_machines,
    "scale_drain_fail": _failed,
    "scale_delete_fail": _failed,
}
