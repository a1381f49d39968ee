"""A helper VM for tests of jobs: a real sshd, consoles connected to it, and jobs that go on when they are told to."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from backends.clock import SystemClock
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.helper_vm.runner import Stream
from backends.helper_vm.timing import Timing
from backends.model.helper_vm import Finished, HelperVmAccess, SshHop
from backends.model.job import JobRequest, JobState, JobStatus
from tests.support.sshd import Sshd
from tests.support.waiting import eventually, until


class InEnvironment:
    """A VM whose sessions have other variables, as an administrator may set them."""

    def __init__(self, vm: HelperVmConnection, variables: Mapping[str, str]) -> None:
        self._vm = vm
        self._prefix = " ".join(("env", *(f"{name}='{value}'" for name, value in variables.items()), ""))

    @property
    def stamp(self) -> str:
        return self._vm.stamp

    async def run(self, command: str, data: bytes = b"", *, timeout_s: float = 30.0) -> Finished:
        return await self._vm.run(self._prefix + command, data, timeout_s=timeout_s)

    def stream(self, command: str) -> AbstractAsyncContextManager[Stream]:
        return self._vm.stream(self._prefix + command)


class Gate:
    """A place in a script where it waits (`gate.wait` is the line for it) until the test lets it through."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.mkfifo(path, 0o600)
        self.wait = f"read _ <'{path}'\n"

    async def open(self) -> None:
        """Wait until the script is there and let it through."""
        file = await until(self._reached)
        os.write(file, b"go\n")
        os.close(file)

    def _reached(self) -> int | None:
        try:
            return os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO
            return None


class JobStage:
    """One VM and what tests do with it."""

    def __init__(self, sshd: Sshd, folder: Path) -> None:
        self.sshd = sshd
        self.folder = folder
        self.variables: dict[str, str] = {}
        self._gates = 0

    @asynccontextmanager
    async def console(
        self,
        port: int | None = None,
        *,
        timing: Timing | None = None,
        log_bound_bytes: int = 0,
        ask_s: float = 15.0,
    ) -> AsyncIterator[VmJobs]:
        """Connect one more console, through another port of loopback when given."""
        access = self.access(port)
        known_hosts = self.folder / f"known_hosts-{access.hop.port}"
        line = self.sshd.known_hosts_line().replace(f":{self.sshd.port} ", f":{access.hop.port} ")
        known_hosts.write_text(line)
        async with HelperVmConnection("east", access, known_hosts, SystemClock(), timing=timing) as vm:
            yield VmJobs(InEnvironment(vm, self.variables), log_bound_bytes=log_bound_bytes, ask_s=ask_s)

    def access(self, port: int | None = None) -> HelperVmAccess:
        """How the VM is reached."""
        hop = SshHop(self.sshd.host, self.sshd.user, port or self.sshd.port, (self.sshd.key,), agent=False)
        return HelperVmAccess(hop)

    def gate(self) -> Gate:
        """Return a new gate."""
        self._gates += 1
        return Gate(self.folder / f"gate-{self._gates}")

    def job_folder(self, number: str) -> Path:
        """Where the VM keeps a job."""
        return self.sshd.home / ".local/state/stampdeck/jobs" / number

    def cluster(self, name: str = "k8s-east") -> Path:
        """Return the folder of an api model, made when it is not there."""
        folder = self.sshd.home / "_output" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "apimodel.json").write_text("{}")
        return folder

    def log(self, number: str) -> bytes:
        """What the VM has of a job's log."""
        return (self.job_folder(number) / "log").read_bytes()

    async def held_job(self, jobs: VmJobs, number: str, lock: Path | None = None) -> Gate:
        """Start a job that works until its gate is opened."""
        gate = self.gate()
        started = await jobs.submit(JobRequest(number, f"echo began\n{gate.wait}echo done\n", str(lock or "")))
        assert started.state is JobState.RUNNING
        return gate


async def in_state(jobs: VmJobs, number: str, *states: JobState) -> JobStatus:
    """Wait until a job is in one of these states."""

    async def asked() -> JobStatus | None:
        status = await jobs.status(number)
        return status if status.state in states else None

    return await eventually(asked)


async def follow_to_end(jobs: VmJobs, number: str, mirror: Path) -> bytes:
    """Follow a job to its end and return what came; the mirror is proved equal to the VM's log."""
    came = b"".join([piece async for piece in jobs.follow(number, mirror)])
    assert await jobs.is_whole(number, mirror)
    return came


def sha256(data: bytes) -> str:
    """Return the digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
