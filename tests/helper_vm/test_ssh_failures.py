"""Every way a connection fails, in an operator's words, from real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from backends.errors import Forbidden, Invalid, Malformed, SourceError, Throttled, Unreachable
from backends.helper_vm.failures import Place, from_channel
from backends.model.health import Health
from backends.model.helper_vm import SshHop
from tests.helper_vm.vm_stage import SWIFT, connected, hop_of, remember
from tests.support.sshd import running_sshd

HOP = SshHop("127.0.0.1", "azureuser", 22, agent=False)


async def failure(folder: Path, hop: SshHop, **options: object) -> tuple[SourceError, Health]:
    """Return what the first call raises, and the state it leaves."""
    timing = replace(SWIFT, connect_s=0.3, greet_s=2.0)
    async with connected(folder / "known_hosts", hop, timing=timing) as vm:
        with pytest.raises(SourceError) as found:
            await vm.run("true")
        return found.value, vm.state.value.health


@asynccontextmanager
async def answering(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[SshHop]:
    """Run a server that says something and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer(writer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield replace_port(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


def replace_port(port: int) -> SshHop:
    return SshHop(HOP.host, HOP.user, port, agent=False)


async def test_a_name_nobody_knows(tmp_path: Path) -> None:
    error, health = await failure(tmp_path, SshHop("no-such-vm.invalid", "azureuser", agent=False))
    assert isinstance(error, Unreachable) and health is Health.RETRYING
    text = str(error)
    assert text.startswith("orlando: no connection to the helper VM azureuser@no-such-vm.invalid:22: the name ")
    assert "correct `host:` in fleet.yaml" in text


async def test_a_port_where_nothing_listens(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        error, health = await failure(tmp_path, replace_port(port))
    assert f"nothing listens on port {port} of 127.0.0.1" in error.why and "network security group" in error.todo
    assert health is Health.RETRYING


async def test_a_machine_that_does_not_answer(tmp_path: Path) -> None:
    with socket.socket() as full:  # its queue of connections is full, so that the next is not even refused
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        error, _ = await failure(tmp_path, replace_port(full.getsockname()[1]))
        for filler in fillers:
            filler.close()
    assert "no answer from 127.0.0.1" in error.why and "in 0.3 s" in error.why


async def test_a_server_that_closes_at_once(tmp_path: Path) -> None:
    async with answering(lambda writer: None) as hop:
        error, _ = await failure(tmp_path, hop)
    assert "closed the connection before the login was over" in error.why and "MaxStartups" in error.todo


async def test_a_server_that_is_no_ssh_server(tmp_path: Path) -> None:
    async with answering(lambda writer: writer.write(b"SSH-1.5-old\r\n")) as hop:
        error, health = await failure(tmp_path, hop)
    assert isinstance(error, Malformed) and "does not speak SSH" in error.why and health is Health.DOWN


async def test_what_a_server_says_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    async with answering(lambda writer: writer.write(b"SSH-2.0-x\r\n" + b"\x1b]0;evil\x07" * 40)) as hop:
        error, _ = await failure(tmp_path, hop)
    assert "\x1b" not in str(error) and "\x07" not in str(error)


async def test_a_server_with_no_algorithm_of_ours(tmp_path: Path) -> None:
    options = ["KexAlgorithms diffie-hellman-group1-sha1", "Ciphers 3des-cbc"]
    with running_sshd(tmp_path / "old", options=options) as old:
        remember(tmp_path / "known_hosts", old)
        error, health = await failure(tmp_path, hop_of(old))
    assert isinstance(error, Invalid) and health is Health.DOWN
    assert error.why.startswith("key exchange algorithm in common: none; it offers only diffie-hellman-group1-sha1")


async def test_a_server_without_room_for_another_session(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "small", options=["MaxSessions 0"]) as small:
        remember(tmp_path / "known_hosts", small)
        async with connected(tmp_path / "known_hosts", hop_of(small)) as vm:
            with pytest.raises(Throttled, match=r"it opens no further session .*MaxSessions"):
                await vm.run("true")
            assert vm.state.value.is_live  # the connection itself is well


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "no"), Forbidden),
        (asyncssh.ConnectionLost("gone"), Unreachable),
        (ConnectionResetError(104, "Connection reset by peer"), Unreachable),
    ],
)
def test_what_a_channel_may_raise(error: Exception, kind: type[SourceError]) -> None:
    found = from_channel(error, Place("orlando", HOP), "list files")
    assert type(found) is kind and "list files" in str(found) and found.stamp == "orlando" and found.todo
