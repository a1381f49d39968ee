from __future__ import annotations

import hashlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncssh
import pytest

from backends.lab.folder import LabFolder
from tests.lab.ssh.machine import Machine, open_machine
from tests.support.waiting import until

_MEGABYTE = 1_000_000


@pytest.mark.parametrize("status", [0, 1, 7, 255])
async def test_the_exit_status_is_the_commands(machine: Machine, status: int) -> None:
    found = await machine.ssh(f"echo out; echo err >&2; exit {status}")
    assert (found.status, found.out) == (status, b"out\n")
    assert "err" in found.err


async def test_a_command_killed_by_a_signal_has_no_status(machine: Machine) -> None:
    assert (await machine.ssh("kill -9 $$")).status == 255
    async with login(machine) as connection:
        ended = await connection.run("kill -USR1 $$")
        assert ended.exit_signal is not None and ended.exit_signal[0] == "USR1"
        assert (await connection.run("kill -40 $$")).exit_status == 168


async def test_a_command_no_system_can_run_is_told(machine: Machine) -> None:
    async with login(machine) as connection:
        refused = await connection.run("echo a\0b")
        assert refused.exit_status == 255 and "cannot start" in str(refused.stderr)
        assert (await connection.run("echo on")).stdout == "on\n"


def login(machine: Machine) -> AbstractAsyncContextManager[asyncssh.SSHClientConnection]:
    connecting: AbstractAsyncContextManager[asyncssh.SSHClientConnection] = asyncssh.connect(
        "127.0.0.1",
        machine.vm.port,
        username="azureuser",
        client_keys=[str(machine.vm.keys.plain)],
        known_hosts=str(machine.folder.path / "ssh" / "known_hosts"),
        config=None,
        agent_path=None,
    )
    return connecting


async def test_a_signal_reaches_the_whole_process_group_at_once(machine: Machine) -> None:
    async with login(machine) as connection:
        script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.05; done"
        process = await connection.create_process(script, encoding=None)
        assert await process.stdout.readline() == b"ready\n"
        process.send_signal("INT")
        assert await process.stdout.readline() == b"caught\n"
        await process.wait_closed()
        assert process.exit_status == 5


async def test_100_megabytes_of_output_arrive_unharmed(machine: Machine) -> None:
    found = await machine.ssh(f"head -c {100 * _MEGABYTE} /dev/zero | tr '\\0' x; exit 3")
    assert (found.status, len(found.out)) == (3, 100 * _MEGABYTE)
    assert hashlib.sha256(found.out).digest() == hashlib.sha256(b"x" * (100 * _MEGABYTE)).digest()


async def test_input_of_any_bytes_arrives_unharmed_and_ends(machine: Machine) -> None:
    data = bytes(range(256)) * 80_000
    found = await machine.ssh("sha256sum; echo end", input=data)
    assert found.out.decode() == f"{hashlib.sha256(data).hexdigest()}  -\nend\n"


async def test_both_ways_at_once_and_a_reader_that_waits(machine: Machine) -> None:
    """20 MB through `cat`, none of them read before all that fits is on its way: nobody breaks off or gives up."""
    async with machine.connecting("cat") as process:
        assert process.stdin is not None and process.stdout is not None
        data = bytes(range(256)) * 80_000
        process.stdin.write(data)
        process.stdin.write_eof()
        received = await process.stdout.read(-1)
        assert received == data
        assert await process.wait() == 0


async def test_what_does_not_read_its_input_does_not_keep_the_session(machine: Machine) -> None:
    found = await machine.ssh("exec 0<&-; echo done", input=b"x" * (5 * _MEGABYTE))
    assert (found.status, found.out) == (0, b"done\n")


async def test_a_command_has_the_environment_of_the_machine(machine: Machine) -> None:
    sent = {"LANG": "C", "SECRET": "no"}
    found = await machine.ssh("env; pwd; umask", environment=sent, options=["-oSendEnv=LANG SECRET"])
    *lines, folder, mask = found.out.decode().splitlines()
    environment = dict(line.split("=", 1) for line in lines)
    sandbox = machine.vm.sandbox
    assert folder == environment["HOME"] == str(sandbox.home)
    assert environment["USER"] == environment["LOGNAME"] == "azureuser"
    assert environment["PATH"].split(":")[0] == str(sandbox.programs)
    assert environment["TMPDIR"] == str(sandbox.temporary)
    assert environment["LANG"] == "C" and "SECRET" not in environment
    assert environment["STAMPDECK_VM"] == sandbox.mark
    assert environment["SSH_CONNECTION"].split()[2:] == ["127.0.0.1", str(machine.vm.port)]
    assert float(environment["AKSE_SIM_SPEED"]) == machine.clock.speed
    assert float(environment["AKSE_SIM_EPOCH"]) == machine.clock.started_wall_s
    assert mask == "0022"


async def test_a_shell_without_a_command_reads_what_to_do(machine: Machine) -> None:
    found = await machine.ssh(input=b"cd /\npwd\nexit 4\n", options=["-T"])
    assert (found.status, found.out) == (4, b"/\n")


async def test_a_detached_process_outlives_its_session_and_its_connection(machine: Machine) -> None:
    script = "setsid -f sh -c 'while ! [ -e go ]; do sleep 0.05; done; echo went > gone' >/dev/null 2>&1 </dev/null"
    assert (await machine.ssh(script)).status == 0
    assert not (machine.home / "gone").exists()
    (machine.home / "go").touch()
    await until(lambda: (machine.home / "gone").exists())


async def test_a_session_lasts_until_its_output_is_closed(machine: Machine) -> None:
    """As with OpenSSH's server: a process in the background that keeps the output keeps the session."""
    async with machine.connecting("sleep 600 & echo $!") as process:
        assert process.stdout is not None
        number = int(await process.stdout.readline())
        assert process.returncode is None
        assert (await machine.ssh(f"kill {number}")).status == 0
        assert await process.wait() == 0


async def test_a_lost_connection_leaves_a_program_that_needs_nobody(machine: Machine) -> None:
    script = "echo on; cat; while ! [ -e go ]; do sleep 0.05; done; echo > gone"
    async with machine.connecting(script) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"on\n"
    (machine.home / "go").touch()
    await until(lambda: (machine.home / "gone").exists())


async def test_ten_sessions_share_a_connection_and_no_more(machine: Machine) -> None:
    async with login(machine) as connection:
        processes = [await connection.create_process("cat") for _ in range(10)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("true")
        processes[0].stdin.write_eof()
        await processes[0].wait()
        again = await connection.run("echo room")
        assert again.stdout == "room\n"
        for each in processes:
            each.stdin.write_eof()


async def test_there_is_no_other_subsystem(machine: Machine) -> None:
    found = await machine.ssh("netconf", options=["-s"])
    assert found.status != 0 and "subsystem request failed" in found.err


async def test_a_lab_may_lie_in_any_folder(tmp_path: Path) -> None:
    async with open_machine(LabFolder(tmp_path / "it's a %d lab of $HOME")) as machine:
        found = await machine.ssh("pwd; df -P . | wc -l; aks-engine version | head -1")
        folder, lines, version = found.out.decode().splitlines()
        assert (folder, lines) == (str(machine.home), "2") and version.startswith("Version: v")
