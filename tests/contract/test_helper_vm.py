"""The console's side of a helper VM finds the same at the lab's SSH server and at OpenSSH's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from backends.errors import HostKeyChanged, HostKeyUnknown, Unreachable
from backends.model.job import JobRequest, JobState, Signal
from tests.contract.helper_vm_subject import HelperVmSubject, lab_machine, real_machine
from tests.support.waiting import eventually, until


@pytest.fixture(params=["lab", "openssh"])
async def machine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HelperVmSubject]:
    async with lab_machine(tmp_path) if request.param == "lab" else real_machine(tmp_path) as found:
        yield found


async def test_a_command_gives_its_status_and_both_its_streams(machine: HelperVmSubject) -> None:
    async with machine.connected() as vm:
        found = await vm.run("cat; echo err >&2; exit 7", b"\x00\xff bytes\n")
        assert (found.status, found.output, found.errors) == (7, b"\x00\xff bytes\n", b"err\n")
        assert (await vm.run("kill -9 $$")).status == -1
        assert (await vm.run("cd; pwd -P")).output.decode().strip() == str(machine.home.resolve())


async def test_eight_commands_at_once(machine: HelperVmSubject) -> None:
    async with machine.connected() as vm:
        found = await asyncio.gather(*(vm.run(f"cat; exit {number}", b"x" * 300_000) for number in range(24)))
    assert [each.status for each in found] == list(range(24))
    assert {len(each.output) for each in found} == {300_000}


async def test_a_great_output_arrives_whole(machine: HelperVmSubject) -> None:
    async with machine.connected() as vm, vm.stream("head -c 20000000 /dev/zero") as output:
        came = 0
        while piece := await output.read():
            came += len(piece)
        assert came == 20_000_000


async def test_an_unknown_host_key_is_told_and_another_is_refused(machine: HelperVmSubject) -> None:
    async with machine.connected(known_hosts="") as vm:
        with pytest.raises(HostKeyUnknown):
            await vm.run("true")
        shown = await vm.host_keys()
        assert {each.algorithm for each in shown} >= {"ssh-ed25519"}
    place = machine.known_hosts.split()[0]
    strange = "AAAAC3NzaC1lZDI1NTE5AAAAIBz1CYzO1xSTcMBgI3mXdNo6sVZYDWwBgm6rRvBYHm4h"
    async with machine.connected(known_hosts=f"{place} ssh-ed25519 {strange}\n") as vm:
        with pytest.raises(HostKeyChanged):
            await vm.run("true")


async def test_a_port_only_the_machine_reaches(machine: HelperVmSubject) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server, machine.connected() as vm:
        address = await vm.tunnel.reach("127.0.0.1", server.sockets[0].getsockname()[1], 20)
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"hello\n")
        assert await reader.read(-1) == b"HELLO\n"
        writer.close()


async def test_a_cut_ends_what_was_under_way_and_the_next_call_works(machine: HelperVmSubject) -> None:
    async with machine.connected() as vm:
        waiting = asyncio.create_task(vm.run("echo on > ~/on; sleep 600"))
        await until(lambda: (machine.home / "on").exists())
        machine.cut()
        with pytest.raises(Unreachable):
            await waiting
        assert (await vm.run("echo back")).output == b"back\n"


async def test_a_job_outlives_connections_and_is_followed_to_its_last_byte(
    machine: HelperVmSubject, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "gate")
    script = f"seq 20000\nread _ <'{tmp_path}/gate'\nseq 20000\nexit 3\n"
    async with machine.jobs() as jobs:
        await jobs.submit(JobRequest("long", script))
        came = b""
        async with aclosing(jobs.follow("long", tmp_path / "mirror")) as pieces:
            async for piece in pieces:
                came += piece
                if len(came) == 108_894:
                    machine.cut()
                    await asyncio.to_thread((tmp_path / "gate").write_text, "go\n")
        assert came.decode().split() == [str(number) for number in range(1, 20_001)] * 2
        assert await jobs.is_whole("long", tmp_path / "mirror")
        status = await jobs.status("long")
        assert (status.state, status.status) == (JobState.EXITED, 3)


async def test_a_job_is_cancelled_and_holds_its_lock_until_then(machine: HelperVmSubject) -> None:
    (machine.home / "cluster").mkdir()
    async with machine.jobs() as jobs:
        await jobs.submit(JobRequest("first", "echo on; sleep 600; sleep 600", str(machine.home / "cluster")))
        second = await jobs.submit(JobRequest("second", "true", str(machine.home / "cluster")))
        assert second.state is JobState.REFUSED
        await jobs.cancel("first", Signal.KILL, "somebody")

        async def over() -> bool:
            return (await jobs.status("first")).state.is_over

        assert await eventually(over)
