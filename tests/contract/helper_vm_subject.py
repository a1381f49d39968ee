"""What the contract of a helper VM is proved on: a real OpenSSH server, and the lab's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from backends.clock import SystemClock
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.helper_vm.timing import Timing
from backends.lab.folder import LabFolder
from backends.model.helper_vm import HelperVmAccess, SshHop
from tests.lab.ssh.machine import open_machine
from tests.support.sshd import running_sshd

SWIFT = Timing(backoff_s=0.01, backoff_cap_s=0.1, nudged_s=0.02)


@dataclass(frozen=True, slots=True)
class HelperVmSubject:
    """One machine: how it is logged in to, its home here, the lines of known_hosts, and a way to cut connections."""

    hop: SshHop
    home: Path
    known_hosts: str
    cut: Callable[[], None]
    folder: Path

    @contextlib.asynccontextmanager
    async def connected(self, known_hosts: str | None = None) -> AsyncIterator[HelperVmConnection]:
        """Open our side with what is known of the machine, all of it unless said otherwise."""
        path = self.folder / "our_known_hosts"
        path.write_text(self.known_hosts if known_hosts is None else known_hosts)
        access = HelperVmAccess(self.hop)
        async with HelperVmConnection("orlando", access, path, SystemClock(), timing=SWIFT) as vm:
            yield vm

    @contextlib.asynccontextmanager
    async def jobs(self) -> AsyncIterator[VmJobs]:
        """Open our side for jobs."""
        async with self.connected() as vm:
            yield VmJobs(vm)


@contextlib.asynccontextmanager
async def real_machine(folder: Path) -> AsyncIterator[HelperVmSubject]:
    """Run OpenSSH's server."""
    with running_sshd(folder / "sshd") as server:
        hop = SshHop(server.host, server.user, server.port, (server.key,), agent=False)
        lines = "".join(server.known_hosts_line(kind) for kind in server.host_keys)
        yield HelperVmSubject(hop, server.home, lines, server.kill_sessions, folder)


@contextlib.asynccontextmanager
async def lab_machine(folder: Path) -> AsyncIterator[HelperVmSubject]:
    """Run the lab's server."""
    async with open_machine(LabFolder(folder / "lab")) as machine:
        hop = SshHop("127.0.0.1", "azureuser", machine.vm.port, (machine.vm.keys.plain,), agent=False)

        def cut() -> None:
            machine.faults.set("ssh-cut")

        yield HelperVmSubject(hop, machine.home, machine.vm.known_hosts.decode(), cut, folder)
