"""Lines folded into the state of a run."""

from __future__ import annotations

from collections.abc import Iterable

from backends.aks_engine.log import words
from backends.aks_engine.log.catalogue import PHASES
from backends.aks_engine.log.pace import eta_s, units
from backends.aks_engine.log.run_state import RunState
from backends.aks_engine.log.steps import (
    agents,
    collecting,
    deployments,
    draining,
    masters,
    outcome,
    planning,
    rotation,
    scaling,
)
from backends.aks_engine.log.steps.step import Step
from backends.model.engine.line import EngineLine, LineForm
from backends.model.engine.progress import EngineProgress, Failure, Phase

_STEPS: dict[str, Step] = {
    name: step
    for table in (
        planning.STEPS,
        masters.STEPS,
        agents.STEPS,
        draining.STEPS,
        deployments.STEPS,
        scaling.STEPS,
        rotation.STEPS,
        collecting.STEPS,
        outcome.STEPS,
    )
    for name, step in table.items()
}
_LAST_WORDS = (LineForm.ERROR, LineForm.PANIC)
_ENDINGS = (Phase.DONE, Phase.FAILED)


class Progress:
    """What a run came to, line by line; nothing of it depends on when the lines are read."""

    def __init__(self, command: str) -> None:
        """`command` is the engine's own word, such as `upgrade`."""
        self._state = RunState(command)
        self._first_at: float | None = None
        self._last_at: float | None = None

    def take(self, line: EngineLine) -> None:
        """Fold the next line in."""
        if line.at is not None:
            self._last_at = line.at
            if self._first_at is None:
                self._first_at = line.at
        if line.message:
            self._take_message(line)
        elif line.form is LineForm.TABLE:
            scaling.STEPS["table_row"](self._state, line)
        elif line.form in _LAST_WORDS and not line.is_folded:
            outcome.fail(self._state, line)

    def _take_message(self, line: EngineLine) -> None:
        phase = PHASES.get(line.message)
        if phase is not None and phase not in _ENDINGS:
            self._state.advance(phase)
        step = _STEPS.get(line.message)
        if step is not None:
            step(self._state, line)

    def seen(self, started_at: float | None, failures: Iterable[Failure]) -> EngineProgress:
        """Return the run as it is now; `started_at` is the log's start if that is known."""
        state = self._state
        done, total = units(state)
        step, lasts_s = words.step(state)
        return EngineProgress(
            command=state.command,
            phase=state.phase,
            pool=state.pool,
            target_version=state.target_version,
            nodes=state.machines.seen(),
            units_done=done,
            units_total=total,
            eta_s=eta_s(state, done, total),
            step=step,
            step_lasts_s=lasts_s,
            started_at=self._first_at if started_at is None else started_at,
            last_line_at=self._last_at,
            failures=tuple(failures),
            alarms=tuple(state.alarms),
            is_succeeded=state.is_succeeded,
        )
