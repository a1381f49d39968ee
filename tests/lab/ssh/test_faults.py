from __future__ import annotations

import asyncio
import json

import pytest

from backends.lab.faults import FAULTS, refuse_argument
from backends.lab.ssh.marked import find_marked
from tests.lab.ssh.machine import Machine, run
from tests.support.waiting import until


@pytest.mark.parametrize("fault", ["ssh-down", "link-cut"])
async def test_a_machine_that_is_down_refuses_and_cuts(machine: Machine, fault: str) -> None:
    port = machine.vm.port
    async with machine.connecting("echo on; cat") as process:
        assert process.stdout is not None and await process.stdout.readline() == b"on\n"
        machine.faults.set(fault)
        assert await asyncio.wait_for(process.wait(), 20) == 255
    refused = await machine.ssh("true")
    assert refused.status == 255 and "Connection refused" in refused.err
    machine.faults.clear()
    assert (await machine.ssh("true")).status == 0
    assert machine.vm.port == port


async def test_a_cut_happens_once(machine: Machine) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", machine.vm.port)
    assert (await reader.readline()).startswith(b"SSH-2.0-")
    async with machine.connecting("echo on; cat") as process:
        assert process.stdout is not None and await process.stdout.readline() == b"on\n"
        machine.faults.set("ssh-cut")
        assert await asyncio.wait_for(process.wait(), 20) == 255
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()
    assert machine.faults.current == ()
    assert (await machine.ssh("true")).status == 0


@pytest.mark.parametrize("fault", ["ssh-hang", "link-black-hole"])
async def test_what_hangs_says_nothing_and_goes_on_afterwards(machine: Machine, fault: str) -> None:
    async with machine.connecting("echo on; cat") as process:
        assert process.stdin is not None and process.stdout is not None
        assert await process.stdout.readline() == b"on\n"
        machine.faults.set(fault)
        process.stdin.write(b"late\n")
        late = asyncio.create_task(process.stdout.readline())
        timed_out = await run(*machine.argv("ssh", "-oConnectTimeout=1", machine.vm.stamp, "true"))
        assert timed_out.status == 255 and "timed out" in timed_out.err
        assert not late.done()
        machine.faults.clear()
        assert await asyncio.wait_for(late, 20) == b"late\n"
    assert (await machine.ssh("true")).status == 0


async def test_a_link_that_resets_cuts_again_and_again(machine: Machine) -> None:
    machine.faults.set("link-reset")
    found = await machine.ssh("sleep 600")
    assert found.status == 255
    machine.faults.clear()
    assert (await machine.ssh("true")).status == 0


async def test_a_reboot_ends_all_that_runs_and_is_another_boot(machine: Machine) -> None:
    before = (await machine.ssh("cat $STAMPDECK_BOOT_ID")).out
    await machine.ssh("setsid -f sleep 600 >/dev/null 2>&1 </dev/null; echo kept > kept")
    (job,) = find_marked(machine.vm.sandbox.mark)
    async with machine.connecting("echo on; exec sleep 600") as process:
        assert process.stdout is not None and await process.stdout.readline() == b"on\n"
        machine.faults.set("vm-reboot", "100000")
        assert await asyncio.wait_for(process.wait(), 20) == 255
        assert (await machine.ssh("true")).status == 255
    await until(lambda: job not in find_marked(machine.vm.sandbox.mark))
    machine.faults.clear("vm-reboot")
    await until(lambda: machine.vm.sandbox.is_up)
    after = await machine.ssh("cat $STAMPDECK_BOOT_ID kept")
    boot_id, kept = after.out.splitlines(keepends=True)
    assert kept == b"kept\n" and boot_id != before and len(boot_id) == len(before) == 37
    assert find_marked(machine.vm.sandbox.mark) == []


async def test_a_reboot_is_over_by_itself(machine: Machine) -> None:
    machine.faults.set("vm-reboot", "20")
    await until(lambda: machine.faults.current == ())
    assert (await machine.ssh("true")).status == 0


async def test_a_full_disk_stops_files_that_grow_and_lets_go_of_them(machine: Machine) -> None:
    """Also those of a program that runs already; the program is told by its failing write and not killed."""
    script = "while ! [ -e stop ]; do head -c 400 /dev/zero >> log 2>> errors; echo $? >> statuses; sleep 0.05; done"
    await machine.ssh(f"setsid -f sh -c '{script}' >/dev/null 2>&1 </dev/null")
    log, statuses = machine.home / "log", machine.home / "statuses"
    await until(lambda: log.exists() and log.stat().st_size > 2000)
    assert set(statuses.read_text().split()) == {"0"}
    machine.faults.set("vm-disk-full")
    await until(lambda: "File too large" in (machine.home / "errors").read_text())
    refused = await machine.ssh("head -c 2000 /dev/zero > new; echo $?; df -P . | tail -1; printf x | wc -c")
    status, disk, counted = refused.out.decode().splitlines()
    assert status != "0" and "100%" in disk and counted == "1"
    assert (machine.home / "new").stat().st_size == 512
    size = log.stat().st_size
    machine.faults.clear()
    await until(lambda: log.stat().st_size > size + 2000)
    assert "100%" not in (await machine.ssh("df -P . | tail -1")).out.decode()
    (machine.home / "stop").touch()
    await until(lambda: not find_marked(machine.vm.sandbox.mark))


async def test_faults_of_the_engine_are_in_its_file(machine: Machine) -> None:
    async def told() -> object:
        return json.loads((await machine.ssh("cat $AKSE_SIM_FAULTS")).out)

    assert await told() == {}
    machine.faults.set("engine-slow", "4")
    machine.faults.set("engine-save-failed")
    assert await told() == {"slow": "4", "save-failed": ""}
    machine.faults.clear("engine-slow")
    assert await told() == {"save-failed": ""}


def test_arguments_are_judged() -> None:
    for name in ("ssh-down", "ssh-cut", "ssh-hang", "ssh-host-key", "vm-reboot", "vm-disk-full", "engine-drain-error"):
        assert name in FAULTS
    assert refuse_argument("vm-reboot", "60") == "" == refuse_argument("engine-slow", "2.5")
    assert "no number of seconds" in refuse_argument("vm-reboot", "soon")
    assert "no factor" in refuse_argument("engine-slow", "very")
