"""The same change on several nodes, one after another; the next one begins when the stamp is as well as before."""

from __future__ import annotations

from collections.abc import Mapping

from backends.clock import Clock
from backends.model.fleet import FleetSnapshot
from backends.model.vitals import Vitals
from backends.operations.gate import Gate
from backends.operations.runs import Runs
from backends.operations.staging import PlanOne, StageState, Staging
from backends.streams import Cell

RECOVERY_S = 600.0
"""How long at most a stamp may take to be as well as before: images are pulled, volumes are moved."""
_LOOK_S = 2.0
_GOOD_LOOKS = 3
"""So many looks in a row at a health as before are believed."""


class StagedNodes(Staging):
    """Changes nodes in turn; `nodes` maps what each is called, in their order, to its stamp."""

    def __init__(
        self,
        nodes: Mapping[str, str],
        plan: PlanOne,
        gate: Gate,
        runs: Runs,
        fleet: Cell[FleetSnapshot],
        clock: Clock,
        *,
        recovery_s: float = RECOVERY_S,
    ) -> None:
        super().__init__(tuple(nodes), plan, gate, runs, fleet, clock, soak_s=recovery_s)
        self._stamps = dict(nodes)

    def _vitals(self, stage: str) -> Vitals:
        return super()._vitals(self._stamps[stage])

    def _counted(self, count: int) -> str:
        return f"{count} {'node' if count == 1 else 'nodes'}"

    async def _soak(self, at: int, before: Vitals) -> str:
        """Wait until what had to move runs again; a drain takes pods away, so worse is expected at first."""
        stage = self.state.value.stages[at]
        ends = self._clock.now() + self._soak_s
        good, worse = 0, ""
        while good < _GOOD_LOOKS:
            if self._cancelled:
                return "stopped by the operator"
            if worse and self._clock.now() >= ends:
                return f"its stamp is not as well as before after {self._soak_s:.0f}s: {worse}"
            worse = self._worse(stage.stamp, before)
            good = 0 if worse else good + 1
            waits = f"waits until its pods run elsewhere: {worse}" if worse else stage.text
            self._set(at, StageState.SOAKING, waits, until=ends if worse else None, operation=stage.operation)
            await self._clock.sleep(_LOOK_S)
        return ""
