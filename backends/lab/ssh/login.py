"""Who may log in to a helper VM, and what a connection may ask for."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncssh
from asyncssh import OPEN_ADMINISTRATIVELY_PROHIBITED, OPEN_CONNECT_FAILED

from backends.lab.ssh.keys import MFA_USER, USER
from backends.lab.ssh.sandbox import Sandbox
from backends.lab.ssh.session import Session

if TYPE_CHECKING:
    from asyncssh.auth import KbdIntChallenge, KbdIntResponse

MAX_SESSIONS = 10
"""sshd's own default for one connection; forwarded connections do not count."""


Reach = Callable[[str, int], Awaitable[tuple[str, int] | None]]
"""Says where a connection that is to be forwarded to a host and port really goes; None: nowhere."""


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What the account without a key is asked for, one after the other."""

    password: str
    code: str


class Login(asyncssh.SSHServer):
    """One connection. `caller` is the address it came from, `port` ours; without `factor` keys alone let in."""

    def __init__(
        self, sandbox: Sandbox, factor: SecondFactor | None, caller: tuple[str, int], port: int, reach: Reach
    ) -> None:
        self._sandbox = sandbox
        self._factor = factor
        self._reach = reach
        self._addresses = {
            "SSH_CLIENT": f"{caller[0]} {caller[1]} {port}",
            "SSH_CONNECTION": f"{caller[0]} {caller[1]} 127.0.0.1 {port}",
        }
        self._connection: asyncssh.SSHServerConnection
        self._user = ""
        self._answers: list[str] = []
        self._sessions = 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Keep the connection."""
        self._connection = conn

    # Authentication

    def begin_auth(self, username: str) -> bool:
        """Ask everybody for proof, also those who do not exist; keys are read anew, so that new ones count at once."""
        self._user = username
        if username == USER:
            with contextlib.suppress(OSError, ValueError):
                self._connection.set_authorized_keys(str(self._sandbox.authorized_keys))
        return True

    def public_key_auth_supported(self) -> bool:
        """The account with two factors has no key."""
        return not self.kbdint_auth_supported()

    def password_auth_supported(self) -> bool:
        """No account logs in with a password alone."""
        return False

    def kbdint_auth_supported(self) -> bool:
        """Two questions for the account with two factors."""
        return self._factor is not None and self._user == MFA_USER

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> KbdIntChallenge:
        """Ask for the password first."""
        self._answers = []
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: KbdIntResponse) -> KbdIntChallenge:
        """Ask for the code after the password, whether that was right or not, and judge at the end."""
        self._answers.append(responses[0] if responses else "")
        if len(self._answers) < 2:
            return "", "", "", [("Verification code: ", False)]
        assert self._factor is not None
        given = "\0".join(self._answers).encode()
        return hmac.compare_digest(given, f"{self._factor.password}\0{self._factor.code}".encode())

    # What a connection may ask for

    def session_requested(self) -> Session:
        """Open a session, up to as many as sshd allows."""
        if self._sessions >= MAX_SESSIONS:
            raise asyncssh.ChannelOpenError(OPEN_CONNECT_FAILED, "open failed")
        self._sessions += 1
        return Session(self._sandbox, self._addresses, self._session_ended)

    def _session_ended(self) -> None:
        self._sessions -= 1

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> Any:
        """Forward to where the machine's network reaches, which is not the network the lab runs in."""
        return self._forward(dest_host, dest_port)

    async def _forward(self, host: str, port: int) -> object:
        target = await self._reach(host, port)
        if target is None:
            raise asyncssh.ChannelOpenError(
                OPEN_ADMINISTRATIVELY_PROHIBITED,
                f"the lab forwards to 127.0.0.1 and to SSH of the cluster's nodes, not to {host} port {port}",
            )
        try:
            return await self._connection.forward_connection(*target)
        except asyncssh.ChannelOpenError as error:  # in the system's words, as sshd has them
            number = re.match(r"\[Errno (\d+)\]", error.reason)
            reason = os.strerror(int(number[1])) if number else error.reason
            raise asyncssh.ChannelOpenError(error.code, reason) from None


async def reach_loopback(host: str, port: int) -> tuple[str, int] | None:
    """Return the address itself when it is one of this machine's own; None for all others."""
    try:
        inside = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return None
    return (host, port) if inside else None
