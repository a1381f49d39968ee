"""Asking for a forwarded port: one line for the two ports, and it is open; nothing in the cluster changes."""

from __future__ import annotations

from functools import partial

from backends.errors import StampdeckError
from backends.model.forward import PORTS_HINT, read_ports
from screens.frame import FramedScreen


class ForwardAsking(FramedScreen):
    """A screen that can lead ports of this machine to what it shows."""

    _forward_to: tuple[str, str, str] = ("", "", "")
    """Stamp, namespace and target (`deployment/web`) that was asked for."""

    def ask_for_forward(self, stamp: str, namespace: str, target: str) -> None:
        """Ask which ports to lead where."""
        self._forward_to = (stamp, namespace, target)
        self.prompt.open("forward", "port:", hint=PORTS_HINT)

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
