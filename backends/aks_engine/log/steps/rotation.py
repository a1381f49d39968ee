"""The rotation of the certificates: its steps in their order, with how long each takes."""

from __future__ import annotations

from dataclasses import dataclass

from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.step import Step, Steps
from backends.model.engine.line import EngineLine


@dataclass(frozen=True, slots=True)
class RotationStep:
    """A step by its message's id; `lasts_s` is usual, of which waits make up most: they ask five times, 10 s apart."""

    message: str
    words: str
    lasts_s: float


_WAIT = RotationStep("rc_wait_nodes", "waiting for the nodes to be ready", 60.0)
_HEALTH = RotationStep("rc_health", "checking the control plane's health", 30.0)
_BACKUP = RotationStep("rc_backup_node", "backing up certificates on the nodes", 5.0)
_CLEANUP = RotationStep("rc_cleanup", "removing temporary files from the nodes", 5.0)

ROTATION = (
    RotationStep("rc_backup", "backing up the output directory", 1.0),
    RotationStep("rc_generate", "making new certificates", 5.0),
    RotationStep("rc_write", "writing the new certificates", 1.0),
    _WAIT,
    _HEALTH,
    RotationStep("rc_dist_cp", "copying certificates to the control plane", 10.0),
    _BACKUP,
    RotationStep("rc_rotate_cp", "putting certificates in place on the control plane", 10.0),
    RotationStep("rc_reboot", "restarting the masters: the API is away", 240.0),
    _WAIT,
    RotationStep("rc_front_proxy", "rotating the front proxy's certificates", 10.0),
    _CLEANUP,
    _WAIT,
    _HEALTH,
    RotationStep("rc_dist_agents", "copying certificates to the agents", 20.0),
    _BACKUP,
    RotationStep("rc_rotate_agents", "putting certificates in place on the agents", 60.0),
    _CLEANUP,
    _WAIT,
    RotationStep("rc_tokens", "making new service account tokens", 60.0),
    RotationStep("rc_kube_system", "checking the pods of kube-system", 120.0),
    RotationStep("rc_artifacts", "writing the output directory anew", 5.0),
)


def _reached(state: RunState, line: EngineLine) -> None:
    """Several steps share a message: it means the next one of that name."""
    for index in range(state.work_step, len(ROTATION)):
        if ROTATION[index].message == line.message:
            state.work_step = index + 1
            return


_reach: Step = _reached
STEPS: Steps = {each.message: _reach for each in ROTATION}
