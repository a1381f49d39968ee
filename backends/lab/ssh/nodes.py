"""The cluster's nodes as the helper VM reaches them: an SSH server for each one that somebody goes to."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from backends.lab.clock import LabClock
from backends.lab.ssh.keys import make_host_keys
from backends.lab.ssh.login import reach_loopback
from backends.lab.ssh.marked import kill_marked
from backends.lab.ssh.sandbox import Sandbox
from backends.lab.ssh.server import SshServer

_PORT = 22

FindNode = Callable[[str], str | None]
"""Tells which node that runs has this name or address."""


class LabNodes:
    """Opens a node when somebody first connects to it. Nobody but the helper VM knows where.

    A node is a folder with a shell and none of a node's programs. It lets in who may log in to the helper VM, and the
    key the helper VM has for the nodes.
    """

    def __init__(self, vm: Sandbox, clock: LabClock, find: FindNode) -> None:
        self._vm = vm
        self._clock = clock
        self._find = find
        self._folder = vm.path.with_name(f"{vm.path.name}-nodes")
        self._open: dict[str, tuple[Sandbox, SshServer]] = {}
        self._opening = asyncio.Lock()

    async def reach(self, host: str, port: int) -> tuple[str, int] | None:
        """Return where a connection to this address of the cluster's network goes; None when nowhere."""
        node = self._find(host) if port == _PORT else None
        if node is None:
            return await reach_loopback(host, port)
        async with self._opening:
            sandbox, server = self._open.get(node) or await self._start(node)
        self._let_in(sandbox)
        return "127.0.0.1", server.wire.port

    async def forget(self) -> None:
        """Throw away the nodes of an earlier lab, with what a killed one left running."""
        if self._folder.exists():
            await asyncio.to_thread(kill_marked, f"{self._folder}/", any_beginning=True)
            shutil.rmtree(self._folder, ignore_errors=True)

    async def stop(self) -> None:
        """Close every node and end what runs on it."""
        for sandbox, server in self._open.values():
            sandbox.is_up = False
            await server.stop()
            await asyncio.to_thread(kill_marked, sandbox.mark)

    async def _start(self, node: str) -> tuple[Sandbox, SshServer]:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        sandbox = Sandbox(self._folder / node, node, f"Node {node}", self._clock, 0)
        sandbox.make(b"")
        server = SshServer(node, sandbox)
        await server.start(make_host_keys())
        self._open[node] = sandbox, server
        return sandbox, server

    def _let_in(self, sandbox: Sandbox) -> None:
        keys = [self._vm.authorized_keys, self._vm.home / ".ssh" / "id_rsa.pub"]
        sandbox.write_private(sandbox.authorized_keys, b"".join(_content(path) for path in keys))


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
