"""How a run ends, as far as its log says."""

from __future__ import annotations

from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.step import Steps
from backends.model.engine.line import EngineLine
from backends.model.engine.progress import NodeStep, Phase


def succeed(state: RunState, line: EngineLine) -> None:
    """Note that what was asked for is done."""
    if not state.is_over:
        state.is_succeeded = True
        state.advance(Phase.DONE)


def fail(state: RunState, line: EngineLine) -> None:
    """Note the last word of a command that failed: what it was at stays as it is."""
    state.is_over, state.is_succeeded = True, False
    state.phase = Phase.FAILED
    for machine in state.machines.busy():
        machine.note = machine.note or f"the run ended while it was {machine.step.value}"
        machine.enter(NodeStep.FAILED, line.at)


def _upgraded(state: RunState, line: EngineLine) -> None:
    state.target_version = line.fields["version"]
    succeed(state, line)


def _modes_stay(state: RunState, line: EngineLine) -> None:
    state.alarm(f"{line.fields['path']} can be used by other accounts of the VM: its permissions could not be changed")


STEPS: Steps = {
    "launch_modes": _modes_stay,
    "launch_not_copied": fail,
    "launch_secret_missing": fail,
    "launch_secret_open": fail,
    "launch_secret_empty": fail,
    "launch_no_engine": fail,
    "upgrade_ok": _upgraded,
    "rc_done": succeed,
    "scale_noop": succeed,
}
