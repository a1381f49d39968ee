"""Asking for a shell in a container: one line for what to run, then the gate's dialog, then the terminal is lent."""

from __future__ import annotations

import os
import shlex
from functools import partial
from typing import TYPE_CHECKING

from screens.frame import FramedScreen

if TYPE_CHECKING:
    from backends.model.shell import ShellRequest
    from backends.operations.shell import ShellWork

HINT = "bash or sh, or write a command; first: record, -c CONTAINER"


class ShellAsking(FramedScreen):
    """A screen that can open a shell in a pod."""

    _shell_in: tuple[str, str, str, str] = ("", "", "", "")
    """Stamp, namespace, pod and container (empty: the default one) that a shell was asked for in."""

    def ask_for_shell(self, stamp: str, namespace: str, pod: str, container: str = "") -> None:
        """Ask what to run in a container of a pod."""
        self._shell_in = (stamp, namespace, pod, container)
        self.prompt.open("shell", "shell:", hint=HINT)

    def entered(self, mode: str, text: str) -> str:
        """Take the line a shell asked for; return what is wrong with it, or nothing."""
        if mode != "shell":
            return super().entered(mode, text)
        stamp, namespace, pod, container = self._shell_in
        try:
            request = read_shell(text, container)
        except ValueError as error:
            return str(error)
        self.work(partial(self._open_shell, stamp, namespace, pod, request), group="gate", exclusive=True)
        return ""

    async def _open_shell(self, stamp: str, namespace: str, pod: str, request: ShellRequest) -> None:
        shells, runs = self.deck.writing.shells, self.deck.writing.runs
        if shells is None or runs is None:
            self.say(self.deck.overview.failure or "still starting: no shell can be opened yet", "warning")
            return
        from screens.shell.lending import LentTerminal  # with the first shell

        seat = LentTerminal(self.app)

        async def plan() -> ShellWork:
            return await shells.plan(stamp, pod, namespace, request, seat)

        agreement = await self.agree(f"shell in {pod}", plan)
        if agreement is not None:
            runs.start(agreement.work, agreement.proposal, agreement.consent)


def read_shell(text: str, container: str = "") -> ShellRequest:
    """Read `[record] [-c CONTAINER] [COMMAND …]`, quoted as for a shell; ValueError says what is wrong."""
    from backends.model.shell import ShellRequest  # with the first shell

    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError("a quote is not closed") from None
    record = False
    while words and words[0] in ("record", "-c"):
        if words.pop(0) == "record":
            record = True
        elif not words:
            raise ValueError("write the container's name after -c")
        else:
            container = words.pop(0)
    return ShellRequest(container, tuple(words), record=record, terminal=os.environ.get("TERM", ""))
