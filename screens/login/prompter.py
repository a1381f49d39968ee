"""Questions of logins put to whoever sits at the console, one at a time, from whichever machine they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual.app import App

from screens.login.dialog import Answers, LoginDialog

if TYPE_CHECKING:
    from backends.helper_vm.questions import Question


class ConsolePrompter:
    """Opens a dialog on a running console for each question."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, question: Question) -> Answers | None:
        """Return what was typed, or None; when cancelled the dialog closes."""
        async with self._one_at_a_time:
            dialog = LoginDialog(question)
            answered: asyncio.Future[Answers | None] = asyncio.get_running_loop().create_future()

            def take(answers: Answers | None) -> None:
                if not answered.done():
                    answered.set_result(answers)

            # By its own message queue: who asks may be a task that knows nothing of the console.
            self._app.call_later(self._app.push_screen, dialog, take)
            try:
                return await answered
            except asyncio.CancelledError:
                self._app.call_later(dialog.end)
                raise
