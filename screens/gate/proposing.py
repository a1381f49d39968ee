"""What a screen needs to ask for a change: arming, the dialog, and the start of what was agreed to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from screens.speaking import Speaking

if TYPE_CHECKING:
    from backends.operations.runs import Run
    from screens.gate.dialog import MakeWork


class Proposing(Speaking):
    """The part of every screen that asks for changes."""

    def action_arm(self) -> None:
        arming = self.deck.writing.arming
        if arming is None:
            self.say(self.deck.overview.failure or "still starting: nothing can be armed yet", "warning")
        elif arming.is_armed:
            arming.disarm("disarmed by hand")
            self.say("read-only again")
        else:
            arming.arm()
            self.say(f"armed for {arming.armed_for_s / 60:g} minutes: W disarms", "warning")

    def propose(self, title: str, make: MakeWork) -> None:
        """Ask whether something should be done, and have it done after a yes; `make` reads what it starts from."""
        self.work(partial(self._propose, title, make), group="gate", exclusive=True)

    async def _propose(self, title: str, make: MakeWork) -> None:
        from screens.gate.dialog import GateDialog  # imported with the first question

        gate, runs = self.deck.writing.gate, self.deck.writing.runs
        if gate is None or runs is None:
            self.say(self.deck.overview.failure or "still starting: nothing can be changed yet", "warning")
            return
        dialog = GateDialog(title, make, gate, self.deck.glyphs, lambda text: self.copy(text, "copied the command"))
        agreement = await self.app.push_screen_wait(dialog)
        if agreement is not None:
            self.started(runs.start(agreement.work, agreement.proposal, agreement.consent))

    def started(self, run: Run) -> None:
        """A change began: its end is said by whatever screen is in view then."""
        self.say(f"{run.change.stamp}: began to {run.change.summary}")
