"""Deployments of Resource Manager: of one machine in an upgrade, of all of it in the other commands."""

from __future__ import annotations

from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.outcome import succeed
from backends.aks_engine.log.steps.step import Steps
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep, Phase

_BEFORE = (NodeStep.WAITING, NodeStep.COPYING, NodeStep.DRAINING, NodeStep.DELETING)


def _start(state: RunState, line: EngineLine) -> None:
    machine = state.machine_of_deployment(line.fields["deployment"])
    if machine is None:
        state.advance(Phase.DEPLOYING)
        state.work_step = 1
    elif machine.step in _BEFORE:
        machine.enter(NodeStep.DEPLOYING, line.at)


def _done(state: RunState, line: EngineLine) -> None:
    machine = state.machine_of_deployment(line.fields["deployment"])
    failed = "error" in line.fields
    if machine is not None:
        if failed:
            machine.enter(NodeStep.FAILED, line.at)
            machine.note = "its deployment failed"
        elif machine.step is NodeStep.DEPLOYING:
            machine.enter(NodeStep.JOINING, line.at)
    elif not failed:
        state.advance(Phase.DEPLOYING)
        state.work_step = 2
        if state.command in ("deploy", "addpool") or (state.command == "scale" and not state.table):
            succeed(state, line)


STEPS: Steps = {"arm_start": _start, "arm_done": _done}
