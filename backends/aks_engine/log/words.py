"""What a run is doing now in words, and how long that usually takes without a word."""

from __future__ import annotations

from backends.aks_engine.log.nodes import Machine, named
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps.rotation import ROTATION
from backends.model.engine.progress import NodeStep, Phase

Range = tuple[float, float]

_SILENCES: dict[NodeStep, Range] = {
    NodeStep.COPYING: (1.0, 240.0),
    NodeStep.DRAINING: (10.0, 240.0),
    NodeStep.DELETING: (10.0, 300.0),
    NodeStep.DEPLOYING: (240.0, 1200.0),
    NodeStep.JOINING: (5.0, 15.0),
    NodeStep.COLLECTING: (10.0, 60.0),
}
"""In seconds. A blocked drain is silent up to 3,600: well above what is usual, so that it is seen."""
_PHASES: dict[Phase, tuple[str, Range]] = {
    Phase.START: ("starting", (0.0, 10.0)),
    Phase.LOADING: ("reading the api model, signing in to the stamp", (1.0, 30.0)),
    Phase.CHECKING_IMAGES: ("looking for the base images", (1.0, 30.0)),
    Phase.PLANNING: ("finding out what its machines run", (1.0, 30.0)),
    Phase.MASTERS: ("going on to the next master", (1.0, 60.0)),
    Phase.AGENTS: ("going on to the next agent", (1.0, 60.0)),
    Phase.DRAINING: ("draining", (10.0, 240.0)),
    Phase.DELETING: ("deleting machines", (10.0, 300.0)),
    Phase.COLLECTING: ("collecting logs", (10.0, 60.0)),
}
_CHECKING = ("waiting for masters of an earlier try to be ready", (1.0, 150.0))
_DEPLOYING = {
    "deploy": ("deploying the cluster: one deployment, nothing is said of its machines", (1200.0, 2400.0)),
    "addpool": ("deploying the new pool", (240.0, 1200.0)),
}
_WORDS = {
    NodeStep.DELETING: "deleting the machine {}",
    NodeStep.DEPLOYING: "deploying {}",
    NodeStep.JOINING: "waiting for {} to be ready",
    NodeStep.COLLECTING: "collecting the logs of {}",
}


def step(state: RunState) -> tuple[str, Range | None]:
    """Return what goes on, and the range in seconds in which the next word usually comes; none when it is over."""
    if state.is_over or state.is_succeeded:
        return "", None
    if state.phase is Phase.ROTATING and state.work_step:
        at = ROTATION[state.work_step - 1]
        return at.words, (at.lasts_s / 2, at.lasts_s * 2)
    busy = [each for each in state.machines.busy() if each.step in _SILENCES]
    if busy:
        return _of_machines(state, busy)
    if state.checking_since is not None:
        return _CHECKING
    if state.phase is Phase.DEPLOYING:
        return _of_deployment(state)
    return _PHASES.get(state.phase, ("", None))


def _of_machines(state: RunState, busy: list[Machine]) -> tuple[str, Range]:
    """An old machine that goes is told of before the fresh one that gets its labels."""
    at = busy[-1].step
    same = [each for each in busy if each.step is at]
    silence = _SILENCES[at]
    if at is NodeStep.COPYING:
        what = (
            f"copying labels of {named(same)} to {state.copying_to}" if state.copying_to else f"preparing {named(same)}"
        )
        return what, silence
    if at is NodeStep.DRAINING:
        drain = state.drain
        is_one = len(same) == 1 and same[0].name == drain.node and drain.pods > 0
        count = f": {min(drain.gone, drain.pods)} of {drain.pods} pods are gone" if is_one else ""
        return f"draining {named(same)}{count}", silence
    return _WORDS[at].format(named(same)), silence


def _of_deployment(state: RunState) -> tuple[str, Range]:
    if state.work_step == 2:
        return "waiting for the nodes to be listed", (1.0, 300.0)
    what = f"deploying machines of pool {state.pool}" if state.pool else "deploying machines"
    return _DEPLOYING.get(state.command, (what, (120.0, 1200.0)))
