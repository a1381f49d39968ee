"""Through hosts on the way: each one checked and logged in to by us, and its end is the end of the connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.errors import HostKeyChanged, HostKeyUnknown, Unauthorized, Unreachable
from backends.model.health import Health
from backends.model.helper_vm import SshHop
from tests.helper_vm.vm_stage import connected, hop_of, in_health, remember
from tests.support.sshd import Sshd, running_sshd


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Sshd, Sshd, Sshd]]:
    """Two hosts on the way and a helper VM, each with keys of its own."""
    with (
        running_sshd(tmp_path / "first", number=1) as first,
        running_sshd(tmp_path / "second", number=2) as second,
        running_sshd(tmp_path / "vm", number=3) as vm,
    ):
        yield first, second, vm


async def test_two_hosts_on_the_way_each_with_its_own_key(servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path) -> None:
    first, second, last = servers
    known_hosts = remember(tmp_path / "known_hosts", *servers)
    async with connected(known_hosts, hop_of(last), jumps=(hop_of(first), hop_of(second))) as vm:
        found = await vm.run('echo "$SSH_CONNECTION"')
        assert found.output.split()[3] == str(last.port).encode()
    assert all(each.log.read_text().count("Accepted publickey") == 1 for each in servers)


async def test_keys_are_asked_for_and_trusted_from_one_host_to_the_next(
    servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path
) -> None:
    first, second, last = servers
    known_hosts = tmp_path / "known_hosts"
    async with connected(known_hosts, hop_of(last), jumps=(hop_of(first), hop_of(second))) as vm:
        for server, role in ((first, "the jump host"), (second, "the jump host"), (last, "the helper VM")):
            with pytest.raises(HostKeyUnknown, match=f"the host key of {role} .*:{server.port}") as found:
                await vm.run("true")
            keys = await vm.host_keys()
            assert {each.host for each in keys} == {f"{server.user}@127.0.0.1:{server.port}"}
            assert len(keys) == len(found.value.offered) == 3
            await vm.trust(keys, "eva")
        assert (await vm.run("echo in")).output == b"in\n"


async def test_a_changed_key_on_the_way_is_refused(servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path) -> None:
    first, second, last = servers
    known_hosts = remember(tmp_path / "known_hosts", *servers)
    second.stop()
    second.number = 9
    second.start()
    async with connected(known_hosts, hop_of(last), jumps=(hop_of(first), hop_of(second))) as vm:
        with pytest.raises(HostKeyChanged, match=rf"THE HOST KEY OF the jump host .*:{second.port} through"):
            await vm.run("true")
        with pytest.raises(HostKeyChanged):
            await vm.host_keys()


async def test_the_key_of_one_host_lets_nobody_in_at_another(servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path) -> None:
    first, second, last = servers
    known_hosts = remember(tmp_path / "known_hosts", *servers)
    wrong = hop_of(second, keys=[first.key])
    async with connected(known_hosts, hop_of(last), jumps=(hop_of(first), wrong)) as vm:
        with pytest.raises(
            Unauthorized, match=rf"not let in to the jump host .*:{second.port} through .*:{first.port}"
        ):
            await vm.run("true")


async def test_a_host_on_the_way_that_dies_ends_the_connection_and_is_come_back_to(
    servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path
) -> None:
    first, _, last = servers
    known_hosts = remember(tmp_path / "known_hosts", *servers)
    async with connected(known_hosts, hop_of(last), jumps=(hop_of(first),)) as vm:
        async with vm.stream("echo here; sleep 300") as output:
            assert await output.read() == b"here\n"
            first.kill()
            with pytest.raises(Unreachable, match="lost"):
                await output.read()
        await in_health(vm, Health.DOWN)
        assert f"nothing listens on port {first.port}" in vm.state.value.reason
        first.start()
        await in_health(vm, Health.LIVE)


async def test_a_host_that_lets_nobody_through_says_so(tmp_path: Path) -> None:
    with (
        running_sshd(tmp_path / "first", number=1, options=["AllowTcpForwarding no"]) as first,
        running_sshd(tmp_path / "vm", number=3) as last,
    ):
        known_hosts = remember(tmp_path / "known_hosts", first, last)
        async with connected(known_hosts, hop_of(last), jumps=(hop_of(first),)) as vm:
            with pytest.raises(Unreachable, match=rf":{first.port} does not let us pass.*AllowTcpForwarding"):
                await vm.run("true")


async def test_a_vm_that_the_host_on_the_way_cannot_reach(servers: tuple[Sshd, Sshd, Sshd], tmp_path: Path) -> None:
    first, _, last = servers
    known_hosts = remember(tmp_path / "known_hosts", *servers)
    with socket.socket() as bound:  # bound and not listening: refused
        bound.bind(("127.0.0.1", 0))
        nobody = SshHop("127.0.0.1", last.user, bound.getsockname()[1], (last.key,), agent=False)
        async with connected(known_hosts, nobody, jumps=(hop_of(first),)) as vm:
            with pytest.raises(Unreachable, match=rf":{first.port} cannot reach it: Connection refused"):
                await vm.run("true")
