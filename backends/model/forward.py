"""A port of this machine that leads into a cluster, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ForwardState(StrEnum):
    """How a forwarded port is."""

    READY = "ready"
    """New connections go to `pod`."""
    WAITING = "waiting"
    """There is no ready pod: new connections wait a little for one, then are refused."""


@dataclass(frozen=True, slots=True)
class Forward:
    """A listening port of this machine; times are seconds since the Unix epoch."""

    number: int
    stamp: str
    namespace: str
    target: str
    """As it was asked for: `pod/NAME`, `deployment/NAME`, `service/NAME`, or another workload."""
    port: str
    """The port of the target, by number or name."""
    local_port: int
    state: ForwardState = ForwardState.WAITING
    pod: str = ""
    since: float = 0.0
    connections: int = 0
    """Open now."""
    served: int = 0
    """Ended since it was started."""
    problem: str = ""
    """What last went wrong, of a connection or with finding a pod."""
    problem_at: float = 0.0

    @property
    def address(self) -> str:
        """Where to connect to on this machine."""
        return f"127.0.0.1:{self.local_port}"
