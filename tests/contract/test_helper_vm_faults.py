"""What goes wrong with the lab's helper VM is understood by the console's side of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.clock import SystemClock
from backends.errors import HostKeyChanged, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.lab.folder import LabFolder
from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.job import JobRequest, JobState
from tests.contract.helper_vm_subject import SWIFT
from tests.lab.ssh.machine import Machine, open_machine
from tests.support.waiting import eventually, until


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with open_machine(LabFolder(tmp_path / "lab")) as found:
        yield found


@contextlib.asynccontextmanager
async def connected(machine: Machine) -> AsyncIterator[HelperVmConnection]:
    hop = SshHop("127.0.0.1", "azureuser", machine.vm.port, (machine.vm.keys.plain,), agent=False)
    path = machine.folder.path / "ssh" / "known_hosts"
    timing = replace(SWIFT, keepalive_s=0.5, keepalive_count=1, greet_s=3.0)
    async with HelperVmConnection("orlando", HelperVmAccess(hop), path, SystemClock(), timing=timing) as vm:
        yield vm


async def ended(jobs: VmJobs, number: str) -> JobState:
    async def over() -> JobState | None:
        try:
            state = (await jobs.status(number)).state
        except Unreachable:  # the machine is away
            return None
        return state if state.is_over else None

    return await eventually(over)


async def test_a_job_is_seen_to_have_been_cut_short_by_a_reboot(machine: Machine) -> None:
    async with connected(machine) as vm:
        jobs = VmJobs(vm)
        await jobs.submit(JobRequest("long", "echo began; sleep 600"))
        machine.faults.set("vm-reboot", "30")
        assert await ended(jobs, "long") is JobState.REBOOTED


async def test_a_job_on_a_full_disk_keeps_its_status(machine: Machine) -> None:
    async with connected(machine) as vm:
        jobs = VmJobs(vm)
        script = "while ! [ -e ~/full ]; do sleep 0.05; done; seq 1000 || echo failed; exit 9"
        await jobs.submit(JobRequest("big", script))
        machine.faults.set("vm-disk-full")
        await until(lambda: machine.vm.sandbox.is_full)
        (machine.home / "full").touch()
        assert await ended(jobs, "big") is JobState.EXITED
        status = await jobs.status("big")
        assert status.status == 9 and status.size == 512
        machine.faults.clear()
        await jobs.submit(JobRequest("again", "seq 1000"))
        assert await ended(jobs, "again") is JobState.EXITED
        assert (await jobs.status("again")).size > 512


async def test_silence_is_noticed_and_got_over(machine: Machine) -> None:
    async with connected(machine) as vm:
        assert (await vm.run("true")).status == 0
        machine.faults.set("ssh-hang")
        with pytest.raises(Unreachable):
            await vm.run("true")
        machine.faults.clear()

        async def answered() -> bool:
            with contextlib.suppress(Unreachable):  # an attempt that began in the silence
                return (await vm.run("echo back")).output == b"back\n"
            return False

        await eventually(answered)


async def test_another_host_key_is_never_accepted(machine: Machine) -> None:
    async with connected(machine) as vm:
        assert (await vm.run("true")).status == 0
        machine.faults.set("ssh-host-key")

        async def refused() -> bool:
            try:
                await vm.run("true")
            except HostKeyChanged:
                return True
            except Unreachable:
                return False
            return False

        await eventually(refused)
        machine.faults.clear()
        vm.reconnect()
        assert (await vm.run("echo back")).output == b"back\n"
