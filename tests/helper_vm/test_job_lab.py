"""The same jobs on a helper VM of the lab, through the faults it can be given."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backends.clock import SystemClock
from backends.errors import ServerFailed
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.jobs import VmJobs
from backends.helper_vm.timing import Timing
from backends.lab.folder import LabFolder
from backends.model.helper_vm import HelperVmAccess, SshHop
from backends.model.job import ForeignProcess, JobRequest, JobState, Signal
from tests.helper_vm.job_stage import Gate, follow_to_end, in_state
from tests.lab.ssh.machine import Machine, open_machine
from tests.support.waiting import eventually, until

SWIFT = Timing(backoff_s=0.01, backoff_cap_s=0.1, nudged_s=0.02)


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with open_machine(LabFolder(tmp_path / "lab")) as found:
        yield found


@asynccontextmanager
async def console(machine: Machine, known_hosts: Path) -> AsyncIterator[VmJobs]:
    """Connect as the console of a fleet that names this machine does."""
    known_hosts.write_bytes(machine.vm.known_hosts)
    section = machine.vm.section()
    key = machine.folder.path / str(section["key_files"][0])
    hop = SshHop("127.0.0.1", str(section["user"]), machine.vm.port, (key,), agent=False)
    access = HelperVmAccess(hop)
    async with HelperVmConnection(machine.vm.stamp, access, known_hosts, SystemClock(), timing=SWIFT) as vm:
        yield VmJobs(vm)


async def test_a_job_of_the_engine_is_read_whole_and_through_a_cut(machine: Machine, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    script = f"aks-engine-azurestack version\n{gate.wait}exec aks-engine-azurestack upgrade --api-model nowhere.json\n"
    async with console(machine, tmp_path / "known_hosts") as jobs:
        await jobs.submit(JobRequest("engine", script))
        reader = asyncio.create_task(follow_to_end(jobs, "engine", tmp_path / "mirror"))
        await until(lambda: (tmp_path / "mirror").exists() and b"Version: v0." in (tmp_path / "mirror").read_bytes())
        machine.faults.set("ssh-cut")
        await gate.open()
        came = await reader
        status = await jobs.status("engine")
    assert b"Version: v0." in came and b"Usage:" in came
    assert (status.state, status.status) == (JobState.EXITED, 1)


async def test_a_restart_of_the_machine_is_told(machine: Machine, tmp_path: Path) -> None:
    async with console(machine, tmp_path / "known_hosts") as jobs:
        await jobs.submit(JobRequest("long", "echo began; exec sleep 600"))
        reader = asyncio.create_task(follow_to_end(jobs, "long", tmp_path / "mirror"))
        await until(lambda: (tmp_path / "mirror").exists() and (tmp_path / "mirror").read_bytes())
        machine.faults.set("vm-reboot", "20")
        assert await reader == b"began\n"
        assert (await jobs.status("long")).state is JobState.REBOOTED


async def test_a_disk_that_filled_up_lets_a_job_end_and_none_begin(machine: Machine, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with console(machine, tmp_path / "known_hosts") as jobs:
        await jobs.submit(JobRequest("before", f"echo began\n{gate.wait}exit 3\n"))
        machine.faults.set("vm-disk-full")
        with pytest.raises(ServerFailed, match="room on the VM's disk"):
            await jobs.submit(JobRequest("after", "true\n" + "# filling\n" * 200))
        await gate.open()
        assert (await in_state(jobs, "before", JobState.EXITED)).status == 3
        machine.faults.clear()
        started = await jobs.submit(JobRequest("after", "true\n" + "# filling\n" * 200))
        assert started.state in (JobState.RUNNING, JobState.EXITED)


async def test_a_job_is_cancelled_and_nothing_of_it_stays(machine: Machine, tmp_path: Path) -> None:
    cluster = machine.home / "_output/k8s-orlando"
    cluster.mkdir(parents=True)
    async with console(machine, tmp_path / "known_hosts") as jobs:
        await jobs.submit(JobRequest("held", "trap '' INT TERM; echo up; while :; do sleep 0.1; done", str(cluster)))
        refused = await jobs.submit(JobRequest("other", "true", f"~/_output/{cluster.name}"))
        assert (refused.state, refused.holder) == (JobState.REFUSED, "held")
        await jobs.cancel("held", Signal.KILL, "bob")
        assert (await in_state(jobs, "held", JobState.EXITED)).status == 137


async def test_an_engine_in_somebody_s_shell_is_found(machine: Machine, tmp_path: Path) -> None:
    folder = machine.home / "_output/k8s-orlando"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "apimodel.json")  # which it waits to be written
    flags = "--location orlando --resource-group k8s-orlando --upgrade-version 1.30.14 --client-secret hidden-1"
    words = f"cd _output && exec aks-engine-azurestack upgrade {flags} -m k8s-orlando/apimodel.json"
    async with console(machine, tmp_path / "known_hosts") as jobs, machine.connecting(words):

        async def found() -> Sequence[ForeignProcess]:
            # While it starts it is a shell script, whose process it becomes.
            return [each for each in await jobs.foreign("~/_output/k8s-orlando") if "python" in each.command]

        (engine,) = await eventually(found)
        assert engine.api_model == str(folder / "apimodel.json")
        assert "--client-secret *** -m k8s-orlando/apimodel.json" in engine.command
        assert "hidden-1" not in str(engine)
        refused = await jobs.submit(JobRequest("late", "true", "~/_output/k8s-orlando"))
        assert refused.state is JobState.REFUSED and refused.holder.startswith(f"process {engine.pid} of ")
