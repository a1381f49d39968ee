"""One machine's SSH server: its port, its host keys, and who may do what in its folder."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import asyncssh

from backends.lab.ssh.keys import make_host_keys
from backends.lab.ssh.login import Login, Reach, SecondFactor, reach_loopback
from backends.lab.ssh.sandbox import Sandbox
from backends.lab.ssh.wire import Wire


class SshServer:
    """Serves a sandbox on a port of loopback. `reach` says where a forwarded connection really goes."""

    def __init__(
        self, name: str, sandbox: Sandbox, factor: SecondFactor | None = None, reach: Reach = reach_loopback
    ) -> None:
        self._sandbox = sandbox
        self._factor = factor
        self._reach = reach
        self._options: asyncssh.SSHServerConnectionOptions
        self._other_options: asyncssh.SSHServerConnectionOptions
        self.shows_other_keys = False
        """Whether the machine shows the host keys of another one to whoever connects."""
        self.wire = Wire(f"ssh-{name}", self._serve)

    async def start(self, host_keys: Sequence[asyncssh.SSHKey]) -> None:
        """Take connections on a free port; OSError when there is none."""
        self._options = await _options(host_keys)
        self._other_options = await _options(make_host_keys())
        self.wire.open()

    async def stop(self) -> None:
        """Let the port go and end every connection."""
        await self.wire.close()

    async def _serve(self, connection: socket.socket, caller: tuple[str, int]) -> None:
        def log_in() -> Login:
            return Login(self._sandbox, self._factor, caller, self.wire.port, self._reach)

        options = self._other_options if self.shows_other_keys else self._options
        with contextlib.suppress(OSError, asyncssh.Error):  # who does not get in is told so by the protocol
            server = await asyncssh.run_server(connection, options=options, server_factory=log_in)
            try:
                await server.wait_closed()
            finally:
                server.abort()


async def _options(host_keys: Sequence[asyncssh.SSHKey]) -> asyncssh.SSHServerConnectionOptions:
    options: asyncssh.SSHServerConnectionOptions = await asyncssh.SSHServerConnectionOptions.construct(
        server_host_keys=list(host_keys),
        encoding=None,
        line_editor=False,
        agent_forwarding=False,
        gss_host=None,
    )
    return options
