"""What goes wrong with SSH, in an operator's words: what, where, why, and what to do. The only mapping of it."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

import asyncssh

from backends.errors import Forbidden, Invalid, Malformed, SourceError, Throttled, Unauthorized, Unreachable
from backends.model import inert
from backends.model.health import Health
from backends.model.helper_vm import SshHop

_IS_IT_UP = "is the VM up, and do its network security group and firewall let us in?"
_DETAIL_LIMIT = 300
STEADY_FAILURES = 3
"""So many attempts in a row that fail are no hiccup."""


class PersonNeeded(Unauthorized):
    """A login in which a person was asked did not succeed: nobody is asked again before someone wants it."""


class NotBegun(Unreachable):
    """The connection ended before anything was asked of the server on it: it may be asked once more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happened: an SSH server, the stamp it is for, and the hosts on the way to it."""

    stamp: str
    hop: SshHop
    role: str = "the helper VM"
    through: tuple[SshHop, ...] = field(default=())

    @property
    def where(self) -> str:
        """`the helper VM azureuser@10.0.0.4:22 through ops@bastion:22`."""
        through = f" through {', '.join(shown(each) for each in self.through)}" if self.through else ""
        return f"{self.role} {shown(self.hop)}{through}"


def shown(hop: SshHop) -> str:
    """Return a server as a person writes it; an IPv6 address in brackets."""
    host = f"[{hop.host}]" if ":" in hop.host else hop.host
    return f"{hop.user}@{host}:{hop.port}"


def clean(text: object) -> str:
    """Return foreign text fit for one line of ours."""
    return inert.line(str(text).strip())[:_DETAIL_LIMIT]


def from_connecting(
    error: BaseException, place: Place, *, timeout_s: float = 0.0, tried: tuple[str, ...] = ()
) -> SourceError:
    """Map what was raised while a connection was made; `tried` are the keys and ways of the login."""
    what = f"no connection to {place.where}"
    if isinstance(error, SourceError):
        return error
    if isinstance(error, asyncssh.PermissionDenied):
        return refused(place, tried, clean(error.reason))
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return Invalid(
            what,
            why=_not_in_common(error.reason),
            todo="its sshd is too old or too strict: update it, or allow more there",
            stamp=place.stamp,
        )
    if isinstance(error, asyncssh.ProtocolNotSupported | asyncssh.ProtocolError | asyncssh.MACError):
        why = f"it does not speak SSH as we do: {clean(error.reason)}"
        return Malformed(what, why=why, todo="is this the port of an SSH server?", stamp=place.stamp)
    if isinstance(error, OSError | TimeoutError | asyncssh.Error):
        why, todo = _why_not(error, place, timeout_s)
        return Unreachable(what, why=why, todo=todo, stamp=place.stamp)
    return Unreachable(what, why=clean(error) or type(error).__name__, todo=_IS_IT_UP, stamp=place.stamp)


def _not_in_common(said: str) -> str:
    """Say which kind of algorithm is not shared, and what the server has; what we have would fill the screen."""
    kind, found, rest = said.partition(" found, sent ")
    _, received, offered = rest.partition(" and received ")
    if not (found and received):
        return clean(said)
    return clean(f"{kind.removeprefix('No matching ')} in common: none; it offers only {offered}")


def silent(place: Place, timeout_s: float) -> Unreachable:
    """Return the error for a server that accepts connections and never shows its host key."""
    why = f"it accepts connections and says nothing for {timeout_s:g} s"
    todo = "is something in between that accepts for it, or the VM overloaded?"
    return Unreachable(f"no connection to {place.where}", why=why, todo=todo, stamp=place.stamp)


def _why_not(error: BaseException, place: Place, timeout_s: float) -> tuple[str, str]:
    host, port = place.hop.host, place.hop.port
    if isinstance(error, socket.gaierror):
        return f"the name {host} is not known", "correct `host:` in fleet.yaml, or the name server"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens on port {port} of {host}", _IS_IT_UP
    if isinstance(error, TimeoutError):
        return f"no answer from {host} on port {port} in {timeout_s:g} s", _IS_IT_UP
    if isinstance(error, asyncssh.ChannelOpenError):
        return _why_no_jump(error, place)
    if isinstance(error, asyncssh.ConnectionLost | ConnectionResetError | BrokenPipeError | EOFError):
        if "Login timeout" in str(error):
            return f"the login took longer than {timeout_s:g} s", "try again, and answer sooner"
        why = f"{host} closed the connection before the login was over"
        return why, "is it an SSH server, and has it room for another login (MaxStartups)?"
    if isinstance(error, OSError):
        return clean(error.strerror or type(error).__name__), _IS_IT_UP
    return clean(getattr(error, "reason", "") or error) or type(error).__name__, _IS_IT_UP


def _why_no_jump(error: asyncssh.ChannelOpenError, place: Place) -> tuple[str, str]:
    jump = shown(place.through[-1]) if place.through else "the jump host"
    if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return f"{jump} does not let us pass", "allow it there: AllowTcpForwarding, PermitOpen"
    return f"{jump} cannot reach it: {clean(error.reason)}", _IS_IT_UP


def unanswered_dialog(place: Place, tried: tuple[str, ...], why: str) -> PersonNeeded:
    """Return the error for a login that ended while a person was asked, or because of what they answered."""
    told = f"{why}; tried: {'; '.join(tried)}" if tried else why
    return PersonNeeded(
        f"not let in to {place.where}", why=told, todo="reconnect when you are ready to answer", stamp=place.stamp
    )


def refused(place: Place, tried: tuple[str, ...], said: str = "") -> Unauthorized:
    """Return the error for a login that was refused, with everything it was tried with."""
    told = "; ".join(tried) or "there was nothing to try: no agent, no key file, nobody to ask"
    too_many = "too many" in said.lower()
    todo = "name the right one in `key_files:` and set `agent: false`" if too_many else _how_to_be_let_in(place)
    why = f"{shown(place.hop)} refused {told}" if tried else told
    if said and "Permission denied" not in said:
        why += f" ({said})"
    return Unauthorized(f"not let in to {place.where}", why=why, todo=todo, stamp=place.stamp)


def _how_to_be_let_in(place: Place) -> str:
    return f"load the key into the agent or name it in `key_files:`; is it in {place.hop.user}'s authorized_keys?"


def lost(place: Place, error: BaseException | None, doing: str = "") -> Unreachable:
    """Return the error for a connection that was there and ended; what was under way may go on or not."""
    what = f"the connection to {place.where} was lost"
    return Unreachable(what, why=why_lost(error, doing), todo="it is made again by itself", stamp=place.stamp)


def why_lost(error: BaseException | None, doing: str = "") -> str:
    """Say how a connection ended."""
    during = f" during: {doing}" if doing else ""
    if error is None:
        return f"the other side closed it{during}"
    said = clean(getattr(error, "reason", "") or error)
    if "keepalive" in said:
        return f"no sign of life from it{during}"
    return f"{said or type(error).__name__}{during}"


def from_channel(error: BaseException, place: Place, doing: str) -> SourceError:
    """Map what was raised by a command, a tunnel or a file transfer on a connection that is there."""
    what = f"cannot {doing} on {place.where}"
    if isinstance(error, SourceError):
        return error
    if isinstance(error, asyncssh.ChannelOpenError):
        if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
            why, todo = f"forbidden there: {clean(error.reason)}", "see AllowTcpForwarding and PermitOpen of its sshd"
            return Forbidden(what, why=why, todo=todo, stamp=place.stamp)
        if "closed" in error.reason.lower():
            ended = lost(place, None, doing)
            return NotBegun(ended.what, why=ended.why, todo=ended.todo, stamp=ended.stamp)
        why = f"it opens no further session ({clean(error.reason)})"
        todo = "close shells and transfers, or raise MaxSessions there"
        return Throttled(what, why=why, todo=todo, stamp=place.stamp, retry_after_s=1.0)
    return lost(place, error, doing)


def from_forwarding(error: BaseException, place: Place, host: str, port: int) -> SourceError:
    """Map what was raised when a connection was asked for that the VM makes for us."""
    if isinstance(error, asyncssh.ChannelOpenError) and error.code == asyncssh.OPEN_CONNECT_FAILED:
        what, why = f"{place.where} cannot reach {host}:{port}", clean(error.reason)
        return Unreachable(what, why=why, todo="is it up, seen from there?", stamp=place.stamp)
    return from_channel(error, place, f"reach {host}:{port}")


def all_taken(place: Place, doing: str, count: int) -> Throttled:
    """Return the error for a connection whose channels are all in use, by us."""
    what, why = f"cannot {doing} on {place.where}", f"all {count} channels of its connection are in use"
    return Throttled(what, why=why, todo="close a shell or a log", stamp=place.stamp, retry_after_s=1.0)


def unanswered(place: Place, doing: str, timeout_s: float) -> Unreachable:
    """Return the error for something that did not end in time."""
    what = f"cannot {doing} on {place.where}"
    why = f"not done within {timeout_s:g} s"
    return Unreachable(what, why=why, todo="look at the VM: is it overloaded, or its disk full?", stamp=place.stamp)


def health_of(error: SourceError, failures: int) -> Health:
    """Return what a connection that failed so many times in a row is."""
    if isinstance(error, Unauthorized):
        return Health.UNAUTHORIZED
    if isinstance(error, Unreachable | Throttled) and failures < STEADY_FAILURES:
        return Health.RETRYING
    return Health.DOWN


def is_worth_retrying(error: SourceError) -> bool:
    """Whether time alone may mend it; otherwise a person has to."""
    return isinstance(error, Unreachable | Throttled)
