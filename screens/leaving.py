"""Leaving the console: asked once more while changes are going on, for they would stay half done."""

from __future__ import annotations

from textual.app import App

from screens.deck import Deck

AGAIN_WITHIN_S = 15.0
"""How long the question stands; a key pressed later is asked again."""


class LeavingAsks(App[int]):
    """The part of the application that ends it by a key; a signal ends it at once."""

    deck: Deck
    _asked_at: float | None = None

    async def action_quit(self) -> None:
        """Leave the console, from anywhere."""
        self.leave_console()

    def leave_console(self) -> None:
        """End with code 0; while changes are going on only when it is asked for twice."""
        going_on, now = self.deck.writing.active_count, self.deck.clock.monotonic()
        asked = self._asked_at is not None and now - self._asked_at <= AGAIN_WITHIN_S
        if not going_on or asked:
            self.exit(0)
            return
        self._asked_at = now
        what = "1 change is going on: it stays" if going_on == 1 else f"{going_on} changes are going on: they stay"
        text = f"{what} open in the journal, for the next start to find; again to quit"
        self.notify(text, severity="warning", timeout=AGAIN_WITHIN_S, markup=False)
