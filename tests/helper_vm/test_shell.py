"""A shell at a terminal on the VM, and on a machine behind it, through the same bridge that pods' shells use."""

from __future__ import annotations

import asyncio
import os
import pty
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backends.errors import HostKeyChanged, HostKeyUnknown, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.operations.shell import ShellStream
from screens.shell.bridge import Bridge
from tests.helper_vm.vm_stage import connected, hop_of, remember
from tests.support.sshd import Sshd, running_sshd
from tests.support.waiting import until


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        (server.home / ".bash_profile").write_text("PS1='ready$ '\n")
        yield server


@pytest.fixture
async def vm(sshd: Sshd, tmp_path: Path) -> AsyncIterator[HelperVmConnection]:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as found:
        yield found


class Seen:
    """Everything a shell wrote, collected while tests wait for some of it."""

    def __init__(self, shell: ShellStream) -> None:
        self.text = ""
        self._shell = shell
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while (piece := await self._shell.read()) is not None:
            assert piece[0] == 1
            self.text += piece[1].decode(errors="replace")

    async def see(self, pattern: str) -> str:
        """Wait for a text."""
        found = await until(lambda: re.search(pattern, self.text) or self.reading.done())
        assert isinstance(found, re.Match), f"ended: {self.text!r}"
        return str(found[0])


async def test_a_login_shell_with_a_terminal_its_size_and_its_exit_code(vm: HelperVmConnection) -> None:
    async with vm.open_shell(columns=100, rows=30) as shell:
        seen = Seen(shell)
        await shell.write(b'stty size; tty; echo "term=$TERM"\n')
        await seen.see(r"30 100\r\n/dev/pts/\d+\r\nterm=xterm-256color")
        await shell.resize(120, 35)
        await shell.write(b"stty size\n")
        await seen.see("35 120")
        await shell.write(b"exit 7\n")
        await seen.reading
        assert shell.exit_code == 7 and await shell.read() is None


async def test_a_command_at_a_terminal_and_its_death(vm: HelperVmConnection) -> None:
    async with vm.open_shell("test -t 0 && echo at a terminal; kill -9 $$") as shell:
        seen = Seen(shell)
        await seen.reading
        assert "at a terminal" in seen.text and shell.exit_code == 128 + 9


async def test_a_terminal_the_vm_does_not_know_is_not_claimed(vm: HelperVmConnection) -> None:
    for given, told in (("nobody-knows-this", "xterm-256color"), ("vt100", "vt100"), ("x; rm -rf", "xterm-256color")):
        async with vm.open_shell('echo "term=$TERM."', terminal=given) as shell:
            seen = Seen(shell)
            await seen.reading
            assert f"term={told}." in seen.text


async def test_leaving_hangs_the_shell_up(vm: HelperVmConnection, sshd: Sshd) -> None:
    async with vm.open_shell() as shell:
        seen = Seen(shell)
        await shell.write(b"echo pid=$$\n")
        pid = int((await seen.see(r"pid=\d+"))[4:])
        seen.reading.cancel()
    await until(lambda: pid not in sshd.jobs())
    assert (await vm.run("echo well")).output == b"well\n"


async def test_a_cut_link_is_told(vm: HelperVmConnection, sshd: Sshd) -> None:
    async with vm.open_shell() as shell:
        seen = Seen(shell)
        await shell.write(b"echo go; sleep 300\n")
        await seen.see("go\r\n")
        sshd.kill_sessions()
        with pytest.raises(Unreachable, match="lost"):
            await seen.reading


async def test_the_bridge_of_pods_shells_drives_it(vm: HelperVmConnection) -> None:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    screen = b""

    def look(text: bytes) -> bool:
        nonlocal screen
        with suppress(BlockingIOError):
            screen += os.read(ours, 65536)
        return text in screen

    try:
        async with vm.open_shell() as shell:
            stream: ShellStream = shell
            carrying = asyncio.create_task(Bridge(stream, theirs, theirs).carry("helper VM of orlando"))
            await until(lambda: look(b"helper VM of orlando"))
            await until(lambda: look(b"ready$ ") or look(b"# ") or look(b"$ "))
            os.write(ours, b"echo $((6*7)); exit 3\r")
            await until(lambda: look(b"42\r\n") and carrying.done())
            await carrying
            assert shell.exit_code == 3
    finally:
        os.close(ours)
        os.close(theirs)


async def test_a_machine_behind_the_vm_is_logged_in_to_from_here(
    vm: HelperVmConnection, tmp_path: Path, sshd: Sshd
) -> None:
    with running_sshd(tmp_path / "master", number=4) as master:
        behind = hop_of(master)
        with pytest.raises(HostKeyUnknown, match=rf"the machine .*:{master.port} through .*:{sshd.port}") as found:
            async with vm.open_shell(behind=behind):
                pass
        keys = await vm.host_keys(behind)
        assert len(keys) == len(found.value.offered) == 3
        await vm.trust(keys, "eva", behind)
        async with vm.open_shell('echo "$SSH_CONNECTION"', behind=behind) as shell:
            seen = Seen(shell)
            await seen.reading
            assert seen.text.split()[3] == str(master.port)
        master.stop()
        master.number = 5
        master.start()
        with pytest.raises(HostKeyChanged):
            async with vm.open_shell(behind=behind):
                pass
        assert vm.state.value.is_live
