"""The same change on several nodes, one after another; the next one begins when the stamp is as well as before."""

from __future__ import annotations

from collections.abc import Mapping

from backends.clock import Clock
from backends.model.fleet import FleetSnapshot
from backends.model.vitals import Vitals
from backends.operations.gate import Gate
from backends.operations.node_works.recovery import RECOVERY_S, recovery
from backends.operations.runs import Runs
from backends.operations.staging import PlanOne, StageState, Staging
from backends.streams import Cell


class _Cancelled(Exception):
    pass


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

        def tell(worse: str) -> None:
            if self._cancelled:
                raise _Cancelled
            words = f"waits until its pods run elsewhere: {worse}" if worse else stage.text
            self._set(at, StageState.SOAKING, words, operation=stage.operation)

        try:
            return await recovery(lambda: self._worse(stage.stamp, before), self._clock, self._soak_s, tell)
        except _Cancelled:
            return "stopped by the operator"
