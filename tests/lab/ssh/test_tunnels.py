from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.lab.ssh.machine import Machine, open_machine, started
from tests.support.waiting import eventually


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.read(-1)).upper())
    await writer.drain()
    writer.close()


async def test_a_port_of_loopback_is_forwarded(machine: Machine, tmp_path: Path) -> None:
    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        direct = await machine.ssh(options=["-W", target], input=b"hello")
        assert direct.out == b"HELLO"
        path = tmp_path / "way"
        async with started(*machine.argv("ssh", "-N", "-L", f"{path}:{target}", machine.vm.stamp)):
            await eventually(lambda: _exists(path))
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(b"hello" * 100_000)
            writer.write_eof()
            assert await reader.read(-1) == b"HELLO" * 100_000
            writer.close()


async def _exists(path: Path) -> bool:
    return path.exists()


@pytest.mark.parametrize("target", ["10.240.255.5:22", "example.org:443", "0.0.0.0:22"])
async def test_nothing_else_is_reached_through_it(machine: Machine, target: str) -> None:
    refused = await machine.ssh(options=["-W", target])
    assert refused.status == 255 and "administratively prohibited" in refused.err


async def test_a_port_nobody_listens_on_is_told(machine: Machine) -> None:
    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    refused = await machine.ssh(options=["-W", f"127.0.0.1:{port}"])
    assert refused.status == 255 and "Connection refused" in refused.err


async def test_the_machine_listens_for_nobody(machine: Machine) -> None:
    refused = await machine.ssh("true", options=["-R", "0:127.0.0.1:1", "-oExitOnForwardFailure=yes"])
    assert refused.status == 255 and "remote port forwarding failed" in refused.err


async def test_one_machine_is_a_jump_to_another(machine: Machine) -> None:
    async with open_machine(machine.folder, "seattle") as other:
        found = await other.ssh("pwd; cat", options=["-J", machine.vm.stamp], input=b"x" * 100_000)
        assert found.status == 0, found.err
        assert found.out == f"{other.home}\n".encode() + b"x" * 100_000


async def test_a_control_connection_is_shared(machine: Machine, tmp_path: Path) -> None:
    shared = ["-S", str(tmp_path / "control"), "-oBatchMode=yes"]
    async with started(*machine.argv("ssh", "-M", "-N", *shared, machine.vm.stamp)) as master:
        await eventually(lambda: _exists(tmp_path / "control"))
        asked = (machine.ssh(f"echo {number} $SSH_CLIENT; exit {number}", options=shared) for number in range(6))
        found = await asyncio.gather(*asked)
        assert [each.status for each in found] == list(range(6))
        assert [each.out.split()[0] for each in found] == [str(number).encode() for number in range(6)]
        assert len({each.out.split()[2] for each in found}) == 1  # the caller's port
        left = await machine.ssh(options=["-O", "exit", *shared])
        assert left.status == 0
        await asyncio.wait_for(master.wait(), 20)


async def test_a_keepalive_notices_silence(machine: Machine) -> None:
    options = ["-oServerAliveInterval=2", "-oServerAliveCountMax=1"]
    async with machine.connecting("echo on; cat", options=options) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        assert await process.stdout.readline() == b"on\n"
        process.stdin.write(b"answered\n")
        assert await process.stdout.readline() == b"answered\n"
        machine.faults.set("ssh-hang")
        assert await asyncio.wait_for(process.wait(), 30) == 255
        assert b"not responding" in await process.stderr.read()
