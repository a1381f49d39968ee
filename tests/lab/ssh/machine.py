"""One helper VM of the lab without the rest of its stamp, and OpenSSH's programs to use it with."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backends.lab.clock import LabClock
from backends.lab.faults import FaultBoard
from backends.lab.folder import LabFolder
from backends.lab.ssh.helper_vm import LabHelperVm
from backends.lab.ssh.keys import SharedKeys, make_shared_keys
from tests.support.peers import require

PROGRAMS = ("ssh", "scp", "sftp", "ssh-keygen", "ssh-keyscan")


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that ended: its exit status (negative: the signal) and what it wrote."""

    status: int
    out: bytes
    err: str


def require_openssh() -> None:
    """Skip (or fail) the test when OpenSSH's client programs are missing."""
    require(all(shutil.which(each) for each in PROGRAMS), "no OpenSSH client (package openssh-client)")


@cache
def shared_keys() -> SharedKeys:
    """Return the keys that are slow to make, once for a run of tests."""
    return make_shared_keys()


async def run(
    *argv: str, input: bytes = b"", environment: Mapping[str, str] | None = None, within_s: float = 60
) -> Ended:
    """Run a program to its end; it is killed when it takes too long, or when the test ends before it."""
    async with started(*argv, environment=environment) as process, asyncio.timeout(within_s):
        out, err = await process.communicate(input)
        assert process.returncode is not None
        return Ended(process.returncode, out, err.decode(errors="replace"))


@contextlib.asynccontextmanager
async def started(
    *argv: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a program on three pipes; it is gone when the context is left."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **(environment or {})}, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


@dataclass(slots=True)
class Machine:
    """A helper VM, its faults, and the lab's folder; `ssh` and its like log in to it."""

    vm: LabHelperVm
    faults: FaultBoard
    folder: LabFolder
    clock: LabClock

    @property
    def home(self) -> Path:
        """The account's home directory."""
        return self.vm.sandbox.home

    def argv(self, program: str, *words: str) -> list[str]:
        """Return the command line of an OpenSSH program with the lab's configuration."""
        return [program, "-F", str(self.folder.path / "ssh" / "config"), *words]

    async def ssh(
        self, *words: str, input: bytes = b"", options: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run `ssh` on the machine with these words as its command."""
        return await run(*self.argv("ssh", *options, self.vm.stamp, *words), input=input, environment=environment)

    def connecting(
        self, *words: str, options: Sequence[str] = ()
    ) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
        """Run `ssh` on the machine as long as the context is open."""
        return started(*self.argv("ssh", *options, self.vm.stamp, *words))


@contextlib.asynccontextmanager
async def open_machine(folder: LabFolder, stamp: str = "orlando", speed: float = 100) -> AsyncIterator[Machine]:
    """Start a helper VM in a lab's folder, known to `ssh -F FOLDER/ssh/config`; other machines are added to that."""
    require_openssh()
    folder.make()
    faults, clock = FaultBoard(stamp), LabClock(speed)
    vm = LabHelperVm(stamp, clock, faults, seed=1)
    try:
        await vm.start(folder, shared_keys(), [], version="v1.29.15")
        for name, text in (("config", vm.ssh_config.encode()), ("known_hosts", vm.known_hosts)):
            path = folder.path / "ssh" / name
            folder.write(f"ssh/{name}", (path.read_bytes() if path.exists() else b"") + text)
        yield Machine(vm, faults, folder, clock)
    finally:
        await vm.stop()
