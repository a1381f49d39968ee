"""Going on with an operation that a console left open when it ended: compared, agreed to anew, taken up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from backends.errors import StampdeckError
from screens.frame import FramedScreen

if TYPE_CHECKING:
    from backends.model.proposal import Proposal
    from backends.operations.gate import Gate
    from backends.operations.reconciliation import Reconciled, Reconciliation
    from backends.operations.work import Work


class Again:
    """The gate for a work of which a part may be done already."""

    def __init__(self, gate: Gate, operation: str) -> None:
        self._gate, self._operation = gate, operation
        self.arming = gate.arming
        self.armed_periods = gate.armed_periods

    async def propose(self, work: Work) -> Proposal:
        """Examine it without a dry run."""
        return await self._gate.propose_again(work, self._operation)


class TakingUp(FramedScreen):
    """A screen from which open operations are taken up."""

    def take_up(self, operation: str, reconciliation: Reconciliation) -> None:
        """Ask whether to go on with an operation, and go on after a yes."""
        self.work(partial(self._take_up, operation, reconciliation), group="gate", exclusive=True)

    async def _take_up(self, operation: str, reconciliation: Reconciliation) -> None:
        gate, runs = self.deck.writing.gate, self.deck.writing.runs
        if gate is None or runs is None:
            self.say(self.deck.overview.failure or "still starting: nothing can be taken up yet", "warning")
            return
        try:
            found = {each.operation.operation: each for each in await reconciliation.run()}.get(operation)
            work = self._work_of(found)
            if found is None or work is None:
                self.say("it is not open" if found is None else str(found), "warning")
                return
            given = await gate.consent_then(operation)
        except StampdeckError as error:
            self.say(str(error), "error")
            return

        async def make() -> Work:
            return work

        agreement = await self.agree(f"go on: {work.change.summary}", make, gate=Again(gate, operation), given=given)
        if agreement is not None and agreement.consent.confirmed:
            self.started(runs.take_up(work, operation, agreement.consent))

    def _work_of(self, found: Reconciled | None) -> Work | None:
        """Return the work of an operation that can go on, None when it cannot."""
        if found is None or not found.can_resume or found.change is None:
            return None
        return self.deck.writing.rebuilt(found.change)
