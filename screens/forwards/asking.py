"""Asking for a forwarded port: one line for the two ports, and it is open; nothing in the cluster changes."""

from __future__ import annotations

from functools import partial

from backends.errors import StampdeckError
from screens.frame import FramedScreen

HINT = "LOCAL:REMOTE, such as 8080:80; :80 takes any free port"
_LARGEST = 65_535


class ForwardAsking(FramedScreen):
    """A screen that can lead ports of this machine to what it shows."""

    _forward_to: tuple[str, str, str] = ("", "", "")
    """Stamp, namespace and target (`deployment/web`) that was asked for."""

    def ask_for_forward(self, stamp: str, namespace: str, target: str) -> None:
        """Ask which ports to lead where."""
        self._forward_to = (stamp, namespace, target)
        self.prompt.open("forward", f"port to {target}:", hint=HINT)

    def entered(self, mode: str, text: str) -> str:
        """Take the line a forwarded port asked for; return what is wrong with it, or nothing."""
        if mode != "forward":
            return super().entered(mode, text)
        try:
            local_port, port = read_ports(text)
        except ValueError as error:
            return str(error)
        self.work(partial(self._forward, *self._forward_to, local_port, port), group="forward")
        return ""

    async def _forward(self, stamp: str, namespace: str, target: str, local_port: int, port: str) -> None:
        forwards = self.deck.writing.forwards
        if forwards is None:
            self.say(self.deck.overview.failure or "still starting: no port can be forwarded yet", "warning")
            return
        try:
            forward = await forwards.start(stamp, target, namespace, port, local_port)
        except StampdeckError as error:
            self.say(str(error), "error")
        else:
            self.say(f"{forward.address} leads to port {forward.port} of {target} on {stamp}; :pf lists and stops it")


def read_ports(text: str) -> tuple[int, str]:
    """Read `8080:80`, `:80` (any free port), `80` (the same on both sides), `8080:http`: the local port and the other.

    ValueError says what is wrong.
    """
    local, colon, remote = text.strip().rpartition(":")
    if not remote or not all(each.isalnum() or each == "-" for each in remote):
        raise ValueError(f"write {HINT}")
    if remote.isdecimal() and not 1 <= int(remote) <= _LARGEST:
        raise ValueError(f"{remote} is no port: take one from 1 to {_LARGEST}")
    if not colon:
        return (int(remote) if remote.isdecimal() else 0), remote
    if local and not (local.isascii() and local.isdecimal() and int(local) <= _LARGEST):
        raise ValueError(f"{local} is no port of this machine: take one from 1 to {_LARGEST}, or none for any")
    return int(local or 0), remote
