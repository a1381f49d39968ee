"""The agents of a pool, in random order: some are made first, old ones go, the last one is not made again."""

from __future__ import annotations

from backends.aks_engine.log.nodes import Kind, Machine
from backends.aks_engine.log.run_state import Pool, RunState
from backends.aks_engine.log.steps.planning import KEPT_NOTE
from backends.aks_engine.log.steps.step import Steps, number
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep


def _pool(state: RunState, line: EngineLine) -> None:
    state.pool = line.fields["pool"]


def _plan(state: RunState, line: EngineLine) -> None:
    name = state.pool = line.fields["pool"]
    pool = state.plan_of(name)
    pool.todo, pool.total = number(line, "todo"), number(line, "total")
    if drift := _drift(pool):
        state.alarm(f"pool {name}: {drift}")


def _drift(pool: Pool) -> str:
    """A retry may find one machine more than the api model counts: the one an earlier try made to have room."""
    there, wanted = pool.todo + pool.upgraded, pool.total or 0
    if pool.todo > wanted:
        ends = f"no machine is made to have room, and the pool ends with {max(wanted, there - 1)}"
    elif there < wanted or there > wanted + (pool.upgraded > 0):
        ends = f"the pool ends with {max(wanted, there - 1)}"
    else:
        return ""
    return f"there are {there} machines and the api model counts {wanted}: {ends}"


def _kept(state: RunState, line: EngineLine) -> None:
    state.pool = line.fields["pool"]
    if state.machines.find(line.fields["node"]) is None:
        state.plan_of(state.pool).upgraded += 1
        machine = state.machines.get(line.fields["node"], Kind.KEPT, state.pool)
        machine.step, machine.note = NodeStep.READY, KEPT_NOTE


def _odd_state(state: RunState, line: EngineLine) -> None:
    node, how = line.fields["node"], line.fields["state"]
    done = "is deleted" if line.text.startswith("Deleting") else "is left out"
    state.alarm(f"{node} {done}: its machine is in the state {how}")


def _surge(state: RunState, line: EngineLine) -> None:
    machine = state.machines.get(line.fields["node"], Kind.SURGE, state.pool)
    machine.kind = Kind.SURGE
    if not machine.is_busy:
        machine.enter(NodeStep.DEPLOYING, line.at)


def _begin(state: RunState, line: EngineLine) -> None:
    state.pool = line.fields["pool"]
    machine = state.machines.get(line.fields["node"], Kind.OLD, state.pool)
    pool = state.plan_of(state.pool)
    pool.begun += 1
    machine.kind = Kind.LAST if pool.begun == pool.todo else Kind.OLD
    machine.enter(NodeStep.COPYING, line.at)
    state.replacing, state.copying_to = machine.name, ""


def _agent(state: RunState, line: EngineLine) -> Machine:
    return state.machines.get(line.fields["node"], Kind.SURGE, state.pool)


def _wait(state: RunState, line: EngineLine) -> None:
    machine = _agent(state, line)
    if machine.step in (NodeStep.WAITING, NodeStep.DELETING, NodeStep.DEPLOYING):
        machine.enter(NodeStep.JOINING, line.at)


def _status_error(state: RunState, line: EngineLine) -> None:
    _wait(state, line)
    _agent(state, line).passing = f"cannot be asked for: {line.fields['error'][:200]}"


def _ready(state: RunState, line: EngineLine) -> None:
    machine = _agent(state, line)
    if machine.step is not NodeStep.READY:
        machine.enter(NodeStep.READY, line.at)


def _copying(state: RunState, line: EngineLine) -> None:
    state.copying_to = line.fields["new"]
    state.machines.get(line.fields["old"], Kind.OLD, state.pool).enter(NodeStep.COPYING, line.at)


def _copied(state: RunState, line: EngineLine) -> None:
    state.copying_to = ""


def _not_copied(state: RunState, line: EngineLine) -> None:
    state.alarm(f"labels, annotations and taints of {line.fields['old']} were not copied to {line.fields['new']}")


def _gone(state: RunState, line: EngineLine) -> None:
    machine = _agent(state, line)
    machine.kind = Kind.LAST
    machine.enter(NodeStep.GONE, line.at)


def _failed(state: RunState, line: EngineLine) -> None:
    node = line.fields.get("node")
    if node is None:
        return
    machine = state.machines.get(node, Kind.SURGE, state.pool)
    machine.enter(NodeStep.FAILED, line.at)
    if "Succeeded to delete node" in line.fields.get("error", ""):
        machine.note = "never became ready; its machine was deleted again"


STEPS: Steps = {
    "pool_prep": _pool,
    "pool_empty": _pool,
    "pool_plan": _plan,
    "agent_already": _kept,
    "agent_vm_state": _odd_state,
    "agent_surge": _surge,
    "agent_begin": _begin,
    "agent_validate": _wait,
    "agent_wait": _wait,
    "agent_status_error": _status_error,
    "agent_ready": _ready,
    "copy_begin": _copying,
    "copy_done": _copied,
    "copy_fail": _not_copied,
    "agent_skip_create": _gone,
    "agent_err": _failed,
}
