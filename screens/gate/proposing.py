"""What a screen needs to ask for a change: arming, the dialog, and the start of what was agreed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backends.errors import StampdeckError
from screens.speaking import Speaking

if TYPE_CHECKING:
    from backends.model.proposal import Consent
    from backends.operations.gate import Gate
    from backends.operations.runs import Run
    from backends.operations.stager import Stager
    from backends.operations.staging import PlanOne, Staging
    from screens.gate.dialog import Agreement, MakeWork, Proposer


_IN_PARTS = ("drain", "batch")
"""Changes whose parts are worth watching one by one."""


class Proposing(Speaking):
    """The part of every screen that asks for changes."""

    def action_arm(self) -> None:
        gate = self.deck.writing.gate
        if gate is None:
            self.say(self._why_not("nothing can be armed yet"), "warning")
        elif gate.arming.is_armed:
            gate.arming.disarm("disarmed by hand")
            self.say("read-only again")
        else:
            self.work(partial(self._arm, gate), group="arming", exclusive=True)

    async def _arm(self, gate: Gate) -> None:
        try:
            await gate.armed_periods.begin()
        except StampdeckError as error:
            self.say(f"still read-only: {error}", "error")
        else:
            self.say(f"armed for {gate.arming.armed_for_s / 60:g} minutes: W disarms", "warning")

    def propose(self, title: str, make: MakeWork) -> None:
        """Ask whether something should be done, and have it done after a yes; `make` reads what it starts from."""
        self.work(partial(self._propose, title, make), group="gate", exclusive=True)

    async def agree(
        self, title: str, make: MakeWork, gate: Proposer | None = None, given: Consent | None = None
    ) -> Agreement | None:
        """Show the dialog and return what was agreed to; None for No. Only in a worker of this screen.

        `given` is a consent that holds already, but for the yes itself.
        """
        from screens.gate.dialog import GateDialog  # imported with the first question

        gate = gate or self.deck.writing.gate
        if gate is None:
            self.say(self._why_not("nothing can be changed yet"), "warning")
            return None
        copy = partial(self.copy, done="copied the command")
        dialog = GateDialog(title, make, gate, self.deck.glyphs, copy, given)
        return await self.app.push_screen_wait(dialog)

    async def _propose(self, title: str, make: MakeWork) -> None:
        agreement, runs = await self.agree(title, make), self.deck.writing.runs
        if agreement is None or runs is None:
            return
        run = runs.start(agreement.work, agreement.proposal, agreement.consent)
        if agreement.consent.confirmed:
            self.started(run)

    def propose_staged(self, title: str, stamps: Sequence[str], plan: PlanOne) -> None:
        """Change several stamps in turn: first, soak, rest; each with its own plan and its own yes."""
        self._begin_staged(lambda stager: stager.make(title, stamps, plan))

    def propose_nodes(self, title: str, nodes: Mapping[str, str], plan: PlanOne) -> None:
        """Change several nodes in turn, each with its own yes; `nodes` maps what each is called to its stamp."""
        self._begin_staged(lambda stager: stager.make_nodes(title, nodes, plan))

    def _begin_staged(self, make: Callable[[Stager], Staging]) -> None:
        from screens.places import StagingPlace, Visit

        stager = self.deck.writing.stager
        if stager is None:
            self.say(self._why_not("nothing can be changed yet"), "warning")
            return
        make(stager).begin()
        self.post_message(Visit(StagingPlace(len(stager.all) - 1)))

    def started(self, run: Run) -> None:
        """A change began: one of many parts is shown, the end of any is said by whatever screen is in view then."""
        from screens.places import RunPlace, Visit
        from screens.runs.place import place_of

        place = place_of(run)
        if run.change.action in _IN_PARTS or not isinstance(place, RunPlace):
            self.post_message(Visit(place))
        else:
            self.say(f"began to {run.change.summary}; :runs shows how it gets on")

    def _why_not(self, otherwise: str) -> str:
        return self.deck.overview.failure or f"still starting: {otherwise}"
