"""Commands over one shared connection to a real sshd, and what happens to them when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backends.errors import Throttled, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.model.health import Health
from backends.model.helper_vm import Finished, SshHop
from tests.helper_vm.vm_stage import SWIFT, connected, hop_of, in_health, remember
from tests.support.relay import Relay
from tests.support.sshd import Sshd, ordinary_account, running_sshd
from tests.support.waiting import until


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
async def vm(sshd: Sshd, tmp_path: Path) -> AsyncIterator[HelperVmConnection]:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as found:
        yield found


def logins(sshd: Sshd) -> int:
    """How often somebody was let in."""
    return sshd.log.read_text().count("Accepted publickey")


async def test_a_command_gets_its_input_and_gives_bytes_and_its_status(vm: HelperVmConnection) -> None:
    assert vm.state.value.health is Health.OFF
    given = bytes(range(256)) * 1000
    found = await vm.run("cat; printf 'caf\\351' >&2; exit 3", given)
    assert found == Finished(3, given, b"caf\xe9")
    assert vm.state.value.is_live


async def test_a_command_without_input_is_not_left_waiting_for_it(vm: HelperVmConnection) -> None:
    assert await vm.run("cat; echo end") == Finished(0, b"end\n", b"")


async def test_a_command_that_ends_before_it_took_its_input(vm: HelperVmConnection) -> None:
    assert await vm.run("exit 7", b"x" * 5_000_000) == Finished(7, b"", b"")


async def test_a_command_killed_by_a_signal_says_so(vm: HelperVmConnection) -> None:
    assert (await vm.run("kill -9 $$")).status == -1


async def test_all_share_one_connection_and_no_more_than_eight_channels(vm: HelperVmConnection, sshd: Sshd) -> None:
    counted = 'touch "$HOME/in.$$"; ls "$HOME" | grep -c "^in"; read -r _ < "$HOME/gate"; rm "$HOME/in.$$"'
    assert (await vm.run('mkfifo "$HOME/gate"')).status == 0
    calls = [asyncio.create_task(vm.run(counted)) for _ in range(12)]
    await until(lambda: len(list(sshd.home.glob("in.*"))) == 8)
    assert not any(each.done() for each in calls)
    async with vm_gate_opener(sshd, calls):
        found = await asyncio.gather(*calls)
    assert max(int(each.output) for each in found) == 8
    assert logins(sshd) == 1


class vm_gate_opener:  # noqa: N801 - reads as a statement
    """Lets whoever waits at the gate through, until all calls are done."""

    def __init__(self, sshd: Sshd, calls: list[asyncio.Task[Finished]]) -> None:
        self._gate = sshd.home / "gate"
        self._calls = calls

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._open())

    async def __aexit__(self, *exc: object) -> None:
        self._task.cancel()

    async def _open(self) -> None:
        while not all(each.done() for each in self._calls):
            try:
                gate = os.open(self._gate, os.O_WRONLY | os.O_NONBLOCK)
                os.write(gate, b"\n" * 20)
                os.close(gate)
            except OSError:
                pass
            await asyncio.sleep(0.01)


async def test_many_first_calls_at_once_log_in_once(vm: HelperVmConnection, sshd: Sshd) -> None:
    found = await asyncio.gather(*(vm.run(f"echo {number}") for number in range(20)))
    assert [each.output for each in found] == [b"%d\n" % number for number in range(20)]
    assert logins(sshd) == 1


@pytest.fixture
def ordinary_sshd() -> Iterator[Sshd]:
    """A server that lets an account without privileges in: one of root's sessions takes no signals."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        inner = Path(folder) / "sshd"
        inner.mkdir()
        with Sshd(inner, user=ordinary_account()) as server:
            yield server


async def test_a_caller_that_gives_up_ends_its_command_and_nothing_else(ordinary_sshd: Sshd, tmp_path: Path) -> None:
    sshd = ordinary_sshd
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as vm:
        await vm.run('mkfifo "$HOME/gate"')
        other = asyncio.create_task(vm.run('read -r _ < "$HOME/gate"; echo done'))
        given_up = asyncio.create_task(vm.run('echo $$ > "$HOME/pid"; exec sleep 300'))
        pid = int(await until(lambda: (sshd.home / "pid").exists() and (sshd.home / "pid").read_text()))
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await until(lambda: pid not in sshd.jobs())
        await vm.run('echo > "$HOME/gate"')
        assert (await other).output == b"done\n"


async def test_a_command_that_takes_too_long_is_ended(ordinary_sshd: Sshd, tmp_path: Path) -> None:
    sshd = ordinary_sshd
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as vm:
        with pytest.raises(Unreachable, match=r"cannot run exec sleep 300 on the helper VM .*: not done within 0.5 s"):
            await vm.run("exec sleep 300", timeout_s=0.5)
        await until(lambda: not sshd.jobs())
        assert (await vm.run("echo well")).output == b"well\n"


async def test_a_stream_comes_as_it_is_written_and_ends(vm: HelperVmConnection, sshd: Sshd) -> None:
    await vm.run('mkfifo "$HOME/gate"')
    async with vm.stream('echo first; read -r _ < "$HOME/gate"; printf "\\377last"') as output:
        assert await output.read() == b"first\n"
        assert (await vm.run('echo > "$HOME/gate"')).status == 0
        rest = b""
        while piece := await output.read():
            rest += piece
        assert rest == b"\xfflast"


async def test_a_ninth_command_is_told_that_all_channels_are_in_use(sshd: Sshd, tmp_path: Path) -> None:
    timing = replace(SWIFT, slot_s=0.2)
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd), timing=timing) as vm:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(8):
                output = await stack.enter_async_context(vm.stream("echo begun; exec cat /dev/zero"))
                assert (await output.read()).startswith(b"begun\n")
            with pytest.raises(Throttled, match="all 8 channels of its connection are in use"):
                await vm.run("true")
        assert (await vm.run("echo well")).output == b"well\n"


async def test_leaving_a_stream_leaves_what_it_started(vm: HelperVmConnection, sshd: Sshd) -> None:
    await vm.run('mkfifo "$HOME/gate"')
    async with vm.stream('echo begun; read -r _ < "$HOME/gate"; touch "$HOME/went-on"') as output:
        assert await output.read() == b"begun\n"
    await vm.run('echo > "$HOME/gate"')
    await until((sshd.home / "went-on").exists)


async def test_leaving_a_stream_waits_for_nobody(vm: HelperVmConnection, sshd: Sshd) -> None:
    async with asyncio.timeout(10), vm.stream("trap '' TERM HUP PIPE; echo begun; sleep 300") as output:
        assert await output.read() == b"begun\n"
    assert (await vm.run("echo well")).output == b"well\n"


async def test_a_lost_connection_ends_calls_and_is_made_again_by_itself(vm: HelperVmConnection, sshd: Sshd) -> None:
    call = asyncio.create_task(vm.run('touch "$HOME/begun"; sleep 300'))
    await until((sshd.home / "begun").exists)
    async with vm.stream("echo here; sleep 300") as output:
        assert await output.read() == b"here\n"
        sshd.kill_sessions()
        with pytest.raises(Unreachable, match="lost"):
            await output.read()
    with pytest.raises(Unreachable, match="lost"):
        await call
    await in_health(vm, Health.LIVE)  # nobody asked for it
    assert (await vm.run("echo back")).output == b"back\n"
    assert logins(sshd) == 2


async def test_a_server_that_is_away_is_waited_for_with_growing_patience(vm: HelperVmConnection, sshd: Sshd) -> None:
    await vm.run("true")
    sshd.kill()
    await in_health(vm, Health.DOWN)
    state = vm.state.value
    assert f"nothing listens on port {sshd.port}" in state.reason and "is the VM up" in state.todo
    assert state.retry_at is not None and state.as_of is not None
    with pytest.raises(Unreachable, match="nothing listens"):
        await vm.run("true")
    sshd.start()
    await in_health(vm, Health.LIVE)


async def test_a_call_after_an_unnoticed_loss_is_made_on_the_new_connection(vm: HelperVmConnection, sshd: Sshd) -> None:
    for _ in range(3):
        assert (await vm.run("echo well")).output == b"well\n"
        sshd.kill_sessions()


async def test_a_black_hole_is_noticed(sshd: Sshd, tmp_path: Path) -> None:
    timing = replace(SWIFT, keepalive_s=0.2, keepalive_count=2)
    async with Relay(sshd.host, sshd.port) as relay:
        known_hosts = remember(tmp_path / "known_hosts", sshd, port=relay.port)
        async with connected(known_hosts, hop_of(sshd, port=relay.port), timing=timing) as vm:
            async with vm.stream("echo here; sleep 300") as output:
                assert await output.read() == b"here\n"
                relay.freeze()
                with pytest.raises(Unreachable, match="no sign of life"):
                    await output.read()
            assert (await vm.run("echo back")).output == b"back\n"


async def test_a_server_that_accepts_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts for it
        hop = SshHop("127.0.0.1", "azureuser", silent.getsockname()[1], agent=False)
        async with connected(tmp_path / "known_hosts", hop, timing=replace(SWIFT, greet_s=0.3)) as vm:
            with pytest.raises(Unreachable, match=r"it accepts connections and says nothing for 0.3 s"):
                await vm.run("true")


async def test_closing_ends_what_is_under_way(sshd: Sshd, tmp_path: Path) -> None:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as vm:
        call = asyncio.create_task(vm.run('touch "$HOME/begun"; sleep 300'))
        await until((sshd.home / "begun").exists)
    with pytest.raises(Unreachable):
        await call
    with pytest.raises(Unreachable, match="closing"):
        await vm.run("true")
    assert vm.state.value.health is Health.OFF


async def test_opening_and_closing_without_a_call_connects_nowhere(tmp_path: Path, sshd: Sshd) -> None:
    before = sshd.log.read_text()
    async with connected(tmp_path / "known_hosts", hop_of(sshd)):
        pass
    assert sshd.log.read_text() == before and not (tmp_path / "known_hosts").exists()
