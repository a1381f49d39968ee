"""Where a run is best watched: a run of the engine in its own cockpit, all others in theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.places import JobPlace, RunPlace

if TYPE_CHECKING:
    from backends.operations.runs import Run

_ENGINE = "aks-engine "


def place_of(run: Run) -> JobPlace | RunPlace:
    """Return the place that shows a run."""
    change = run.change
    if change.action.startswith(_ENGINE) and (job := change.parameters.get("job")):
        return JobPlace(change.stamp, str(job), change.action.removeprefix(_ENGINE))
    return RunPlace(run.number)
