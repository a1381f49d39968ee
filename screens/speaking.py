"""What every screen can do by itself: say something, wait for something, save and copy texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Literal

from textual.worker import Worker, WorkerState

from screens.deck import Deck
from screens.output.paced_screen import PacedScreen

_log = logging.getLogger(__name__)


class Speaking(PacedScreen):
    """A screen with the application's deck."""

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self.deck = deck

    def say(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Show a message for a moment; the text is never read as markup."""
        from backends.model import inert

        self.notify("\n".join(inert.line(part) for part in text.split("\n")), severity=severity, markup=False)

    def work(
        self, call: Callable[[], Coroutine[None, None, None]], *, group: str = "work", exclusive: bool = False
    ) -> Worker[None]:
        """Run something that waits; it ends with the screen, and what it fails with is shown."""
        worker: Worker[None] = self.run_worker(call, group=group, exclusive=exclusive, exit_on_error=False)
        return worker

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what a worker failed with, and log where; the screen stays."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            error = event.worker.error
            _log.error("%s failed", event.worker.group, exc_info=error)
            self.say(str(error) or type(error).__name__, "error")

    def save_text(self, name: str, lines: Iterable[str]) -> None:
        """Save lines where only the operator can read them, and say where."""
        try:
            path = self.deck.save(name, lines)
        except OSError as error:
            self.say(f"could not be saved: {error}", "error")
        else:
            self.say(f"saved: {path}")

    def copy(self, text: str, done: str) -> None:
        """Copy a text to the terminal's clipboard and say `done`, or why it cannot be."""
        try:
            self.deck.copy(text)
        except ValueError as error:
            self.say(str(error), "warning")
        else:
            self.say(done)
