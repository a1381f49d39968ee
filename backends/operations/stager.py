"""The staged changes of this console: begun, kept, and ended with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.clock import Clock
from backends.model.fleet import FleetSnapshot
from backends.operations.gate import Gate
from backends.operations.node_works.staged_nodes import StagedNodes
from backends.operations.runs import Runs
from backends.operations.staging import SOAK_S, PlanOne, Staging
from backends.streams import Cell


class Stager:
    """Begins staged changes; `all` keeps them in their order, so that a place can name one by its number."""

    def __init__(self, gate: Gate, runs: Runs, fleet: Cell[FleetSnapshot], clock: Clock) -> None:
        self._gate = gate
        self._runs = runs
        self._fleet = fleet
        self._clock = clock
        self.all: list[tuple[str, Staging]] = []

    def make(self, title: str, stamps: Sequence[str], plan: PlanOne, soak_s: float = SOAK_S) -> Staging:
        """Return a staged change of these stamps in this order, not yet begun."""
        staging = Staging(stamps, plan, self._gate, self._runs, self._fleet, self._clock, soak_s=soak_s)
        self.all.append((title, staging))
        return staging

    def make_nodes(self, title: str, nodes: Mapping[str, str], plan: PlanOne) -> Staging:
        """Return a change of nodes in turn, not yet begun; `nodes` maps what each is called to its stamp."""
        staging = StagedNodes(nodes, plan, self._gate, self._runs, self._fleet, self._clock)
        self.all.append((title, staging))
        return staging

    @property
    def active(self) -> list[Staging]:
        """Those that are not over."""
        return [staging for _, staging in self.all if not staging.state.value.over]

    async def close(self) -> None:
        """End those that are not over; no other stamp is begun."""
        for staging in self.active:
            await staging.close()
