"""The collecting of logs, machine by machine in random order."""

from __future__ import annotations

from backends.aks_engine.log.nodes import Kind
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.outcome import succeed
from backends.aks_engine.log.steps.step import Steps
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep

_COLLECTED = "its logs are collected"


def _next(state: RunState, line: EngineLine) -> None:
    _finish(state, line)
    state.machines.get(line.fields["node"], Kind.ASKED).enter(NodeStep.COLLECTING, line.at)


def _finish(state: RunState, line: EngineLine) -> None:
    for machine in state.machines:
        if machine.step is NodeStep.COLLECTING:
            machine.enter(NodeStep.READY, line.at)
            machine.note = _COLLECTED


def _done(state: RunState, line: EngineLine) -> None:
    _finish(state, line)
    succeed(state, line)


STEPS: Steps = {"gl_node": _next, "gl_done": _done}
