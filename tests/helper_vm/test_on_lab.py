"""The same client on a helper VM of the lab: what it offers, and the faults it can be given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.errors import HostKeyChanged, Unauthorized, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.helper_vm.files import VmFiles
from backends.helper_vm.questions import Prompter
from backends.lab.folder import LabFolder
from backends.model.health import Health
from backends.model.helper_vm import SshHop
from tests.helper_vm.vm_stage import SWIFT, Operator, connected, in_health
from tests.lab.ssh.machine import Machine, open_machine
from tests.support.waiting import until


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with open_machine(LabFolder(tmp_path / "lab")) as found:
        yield found


@asynccontextmanager
async def console(
    machine: Machine, tmp_path: Path, *, user: str = "", pinned: bool = True, prompter: Prompter | None = None
) -> AsyncIterator[HelperVmConnection]:
    """Connect as the console of a fleet that names this machine does."""
    section: Mapping[str, Any] = machine.vm.section()
    keys = () if user else tuple(machine.folder.path / str(each) for each in section["key_files"])
    pin = machine.vm.host_key if pinned else ""
    hop = SshHop("127.0.0.1", user or str(section["user"]), machine.vm.port, keys, agent=False, host_key=pin)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_bytes(b"" if pinned else machine.vm.known_hosts)
    timing = replace(SWIFT, keepalive_s=0.3, keepalive_count=2, greet_s=2.0)
    async with connected(known_hosts, hop, prompter=prompter, timing=timing) as vm:
        yield vm


async def test_commands_files_and_shells(machine: Machine, tmp_path: Path) -> None:
    async with console(machine, tmp_path) as vm:
        assert (await vm.run("cat; exit 3", b"\xff\x00")).output == b"\xff\x00"
        source = tmp_path / "source"
        source.write_bytes(b"content" * 300_000)
        files = VmFiles(vm)
        await files.put(source, "~/there")
        await files.get("~/there", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == source.read_bytes()
        async with vm.open_shell("stty size; exit 4", columns=99, rows=33) as shell:
            text = b""
            while (piece := await shell.read()) is not None:
                text += piece[1]
            assert b"33 99" in text and shell.exit_code == 4


async def test_two_factors(machine: Machine, tmp_path: Path) -> None:
    factors = machine.vm.description()["two_factors"]
    operator = Operator((factors["password"],), (factors["code"],))
    async with console(machine, tmp_path, user=factors["user"], prompter=operator) as vm:
        assert (await vm.run("echo in")).output == b"in\n"
    assert [each.prompts[0].text for each in operator.asked] == ["Password: ", "Verification code: "]
    wrong = Operator(*[(factors["password"],), ("000",)] * 3)
    async with console(machine, tmp_path, user=factors["user"], prompter=wrong) as vm:
        with pytest.raises(Unauthorized, match="keyboard-interactive") as found:
            await vm.run("true")
        assert factors["password"] not in str(found.value)


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_host_key_that_changes_under_us(machine: Machine, tmp_path: Path, pinned: bool) -> None:
    async with console(machine, tmp_path, pinned=pinned) as vm:
        await vm.run("true")
        machine.faults.set("ssh-host-key")
        await until(lambda: "HAS CHANGED" in vm.state.value.reason)
        with pytest.raises(HostKeyChanged):
            await vm.run("true")
        machine.faults.clear("ssh-host-key")
        vm.reconnect()
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_vm_that_is_down_and_one_that_is_silent(machine: Machine, tmp_path: Path) -> None:
    async with console(machine, tmp_path) as vm:
        await vm.run("true")
        machine.faults.set("ssh-down")
        await in_health(vm, Health.DOWN)
        machine.faults.clear("ssh-down")
        await in_health(vm, Health.LIVE)
        async with vm.stream("echo here; sleep 300") as output:
            assert await output.read() == b"here\n"
            machine.faults.set("ssh-hang")
            with pytest.raises(Unreachable, match="no sign of life"):
                await output.read()
        machine.faults.clear("ssh-hang")
        await in_health(vm, Health.LIVE)
