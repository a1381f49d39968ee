"""A port of this machine that leads into a cluster, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from backends.model.quantity import format_memory_short

PORTS_HINT = "LOCAL:REMOTE, such as 8080:80; :80 takes any free port"
_LARGEST = 65_535


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
    sent: int = 0
    """Bytes carried to pods since it was started."""
    received: int = 0
    """Bytes carried from pods."""
    problem: str = ""
    """What last went wrong, of a connection or with finding a pod."""
    problem_at: float = 0.0

    @property
    def address(self) -> str:
        """Where to connect to on this machine."""
        return f"127.0.0.1:{self.local_port}"


def format_bytes(count: int) -> str:
    """Write a number of bytes in four digits at most: `812B`, `12Ki`, `3.4Mi`."""
    return f"{count}B" if count < 1000 else format_memory_short(count)


def read_ports(text: str) -> tuple[int, str]:
    """Read `8080:80`, `:80` (any free port), `80` (the same on both sides), `8080:http`: the local port and the other.

    ValueError says what is wrong.
    """
    local, colon, remote = text.strip().rpartition(":")
    if not remote.isascii() or not remote or not all(each.isalnum() or each == "-" for each in remote):
        raise ValueError(f"write {PORTS_HINT}")
    if remote.isdecimal() and not 1 <= int(remote) <= _LARGEST:
        raise ValueError(f"{remote} is no port: take one from 1 to {_LARGEST}")
    if not colon:
        return (int(remote) if remote.isdecimal() else 0), remote
    if local and not (local.isascii() and local.isdecimal() and int(local) <= _LARGEST):
        raise ValueError(f"{local} is no port of this machine: take one from 1 to {_LARGEST}, or none for any")
    return int(local or 0), remote
