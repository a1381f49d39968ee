"""Asking for a shell at a helper VM: one line for where, then the gate's dialog, then the terminal is lent."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from screens.frame import FramedScreen

if TYPE_CHECKING:
    from backends.operations.vm_shell import VmShellWork

HINT = "enter for the helper VM, or a node's name; first: record, --user NAME"


class VmShellAsking(FramedScreen):
    """A screen that can open a shell on a stamp's helper VM, or on a node through it."""

    _shell_at = ""
    """The stamp that a shell was asked for at."""

    def ask_for_vm_shell(self, stamp: str) -> None:
        """Ask on which machine."""
        self._shell_at = stamp
        self.prompt.open("vm-shell", f"shell at {stamp}:", hint=HINT)

    def entered(self, mode: str, text: str) -> str:
        """Take the line a shell was asked for with; return what is wrong with it, or nothing."""
        if mode != "vm-shell":
            return super().entered(mode, text)
        try:
            asked = read_place(text)
        except ValueError as error:
            return str(error)
        self.work(partial(self._open_vm_shell, self._shell_at, *asked), group="gate", exclusive=True)
        return ""

    async def _open_vm_shell(self, stamp: str, record: bool, node: str, user: str) -> None:
        shells, runs = self.deck.writing.vm_shells, self.deck.writing.runs
        if shells is None or runs is None:
            self.say(self.deck.overview.failure or "still starting: no shell can be opened yet", "warning")
            return
        from backends.model.shell import ShellRequest  # with the first shell
        from screens.shell.lending import LentTerminal

        request, seat = ShellRequest(record=record, terminal=os.environ.get("TERM", "")), LentTerminal(self.app)

        async def plan() -> VmShellWork:
            return shells.plan(stamp, request, seat, node, user)

        agreement = await self.agree(f"shell at {stamp}", plan)
        if agreement is not None:
            runs.start(agreement.work, agreement.proposal, agreement.consent)


def read_place(text: str) -> tuple[bool, str, str]:
    """Read `[record] [--user NAME] [NODE]`: whether to record, the node, its user; ValueError says what is wrong."""
    words = text.split()
    record = words[:1] == ["record"]
    rest, user = words[1:] if record else words, ""
    if rest[:1] == ["--user"]:
        if len(rest) < 3:
            raise ValueError("write the user's name after --user, and a node's name after that")
        user, rest = rest[1], rest[2:]
    if len(rest) > 1:
        raise ValueError("write one node's name, or nothing for the helper VM")
    return record, "".join(rest), user
