"""A Kubernetes API that only the helper VM reaches: read through a real sshd, lost and found again by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backends.clock import SystemClock
from backends.errors import CertificateRejected, Unauthorized, Unreachable
from backends.helper_vm.connection import HelperVmConnection
from backends.kubernetes import Cluster
from backends.model.health import Health
from backends.model.stamp import ClusterAccess, Stamp
from tests.helper_vm import vm_stage
from tests.helper_vm.vm_stage import connected, hop_of, remember
from tests.kubernetes.following import names
from tests.kubernetes.wild_server import AUTHORITY, FAST, WildServer
from tests.support.sshd import Sshd, running_sshd, write_key
from tests.support.waiting import until

# A loaded machine may take seconds to shake hands through three processes.
CALM = replace(FAST, connect_s=10.0, beat_answer_s=10.0)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
async def vm(sshd: Sshd, tmp_path: Path) -> AsyncIterator[HelperVmConnection]:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as found:
        yield found


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[WildServer]:
    """An API whose certificate is for a name, and not for the address connected to."""
    async with WildServer(AUTHORITY.server("localhost"), folder=tmp_path) as wild:
        wild.put("one")
        yield wild


def named(server: WildServer) -> str:
    """The API's address by the name in its certificate."""
    return f"https://localhost:{server.port}"


@asynccontextmanager
async def opened(kubeconfig: Path, vm: HelperVmConnection) -> AsyncIterator[Cluster]:
    """Open our client on an API behind a VM."""
    access = ClusterAccess(kubeconfig, "wild", request_timeout_s=5.0, requests_per_second=500.0, via_helper=True)
    async with Cluster(Stamp("orlando", access), SystemClock(), CALM, way=vm.tunnel) as cluster:
        yield cluster


async def test_the_api_is_read_through_the_vm_as_who_it_is(
    server: WildServer, vm: HelperVmConnection, tmp_path: Path
) -> None:
    async with opened(server.kubeconfig(tmp_path, server=named(server)), vm) as cluster:
        assert await cluster.version() == "v1.29.15"
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"
        assert cluster.connection.where == f"localhost:{server.port}"
        certificates = await cluster.certificates()
        assert [each.role for each in certificates] == ["server"]


async def test_a_certificate_for_the_address_connected_to_is_not_enough(vm: HelperVmConnection, tmp_path: Path) -> None:
    async with (
        WildServer(AUTHORITY.server("127.0.0.1"), folder=tmp_path) as wrong,
        opened(wrong.kubeconfig(tmp_path, server=named(wrong)), vm) as cluster,
    ):
        with pytest.raises(CertificateRejected, match="for another name"):
            await cluster.version()


async def test_the_kubeconfig_s_own_server_name_counts(vm: HelperVmConnection, tmp_path: Path) -> None:
    async with WildServer(AUTHORITY.server("api.orlando.internal"), folder=tmp_path) as inner:
        kubeconfig = inner.kubeconfig(tmp_path, **{"tls-server-name": "api.orlando.internal"})
        async with opened(kubeconfig, vm) as cluster:
            assert await cluster.version() == "v1.29.15"


async def test_rows_are_followed_again_after_the_sshd_was_away(
    server: WildServer, vm: HelperVmConnection, sshd: Sshd, tmp_path: Path
) -> None:
    async with (
        opened(server.kubeconfig(tmp_path, server=named(server)), vm) as cluster,
        cluster.reflect("configmaps") as rows,
    ):
        await until(lambda: rows.state.value.health is Health.LIVE)
        ports = await vm.tunnel.reach("localhost", server.port, 5.0)
        sshd.kill()
        await until(lambda: rows.state.value.health in (Health.RETRYING, Health.DOWN))
        await until(lambda: f"nothing listens on port {sshd.port}" in rows.state.value.reason)
        assert names(rows) == ["one"]  # kept
        server.put("two")
        sshd.start()
        await until(lambda: rows.state.value.health is Health.LIVE)
        await until(lambda: names(rows) == ["one", "two"])
        assert await vm.tunnel.reach("localhost", server.port, 5.0) == ports


async def test_a_connection_that_is_cut_again_and_again_is_followed_all_the_same(
    server: WildServer, vm: HelperVmConnection, sshd: Sshd, tmp_path: Path
) -> None:
    async with (
        opened(server.kubeconfig(tmp_path, server=named(server)), vm) as cluster,
        cluster.reflect("configmaps") as rows,
    ):
        for number in range(5):
            await until(lambda: rows.state.value.is_live)
            sshd.kill_sessions()
            server.put(f"after-{number}")
            await until(lambda: f"after-{number}" in names(rows))  # noqa: B023 - awaited before the next round


async def test_an_api_that_the_vm_cannot_reach_either_says_whose_words_these_are(
    vm: HelperVmConnection, tmp_path: Path, server: WildServer
) -> None:
    kubeconfig = server.kubeconfig(tmp_path, server=named(server))
    await server.stop()
    async with opened(kubeconfig, vm) as cluster:
        told = rf"the helper VM .*:\d+ cannot reach localhost:{server.port}: .*Connection refused"
        with pytest.raises(Unreachable, match=told):
            await cluster.version()


async def test_a_vm_that_forbids_it_says_so(tmp_path: Path, server: WildServer) -> None:
    with running_sshd(tmp_path / "strict", options=["AllowTcpForwarding no"]) as strict:
        known_hosts = remember(tmp_path / "known_hosts", strict)
        async with (
            connected(known_hosts, hop_of(strict)) as vm,
            opened(server.kubeconfig(tmp_path, server=named(server)), vm) as cluster,
        ):
            with pytest.raises(Unreachable, match=r"forbidden there"):
                await cluster.version()


async def test_a_login_that_is_refused_is_what_the_cluster_says(sshd: Sshd, tmp_path: Path, server: WildServer) -> None:
    hop = hop_of(sshd, keys=[write_key(tmp_path / "other", number=300)])
    async with (
        connected(remember(tmp_path / "known_hosts", sshd), hop) as vm,
        opened(server.kubeconfig(tmp_path, server=named(server)), vm) as cluster,
    ):
        with pytest.raises(Unauthorized, match="not let in to the helper VM"):
            await cluster.version()


async def test_a_login_that_waits_for_a_person_does_not_hold_requests_for_ever(
    sshd: Sshd, tmp_path: Path, server: WildServer
) -> None:
    class Away(vm_stage.Operator):
        async def ask(self, question: object) -> tuple[str, ...] | None:
            await asyncio.Event().wait()
            return None

    key = write_key(tmp_path / "locked", number=300)
    changed = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", str(key)]
    subprocess.run(changed, check=True, capture_output=True)
    hop = hop_of(sshd, keys=[key])
    async with connected(remember(tmp_path / "known_hosts", sshd), hop, prompter=Away()) as vm:
        with pytest.raises(Unreachable, match=r"no way to localhost:6443 through the helper VM .*: connecting"):
            await vm.tunnel.reach("localhost", 6443, 0.3)


async def test_much_goes_through_in_both_directions_and_goodbyes_are_passed_on(vm: HelperVmConnection) -> None:
    size = 5_000_000

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await reader.read()  # to its end
        writer.write(received[::-1])
        writer.close()

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as far:
        port = far.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(*await vm.tunnel.reach("127.0.0.1", port, 5.0))
        given = os.urandom(size)
        writer.write(given)
        writer.write_eof()
        assert await reader.read() == given[::-1]
        writer.close()
        await writer.wait_closed()


async def test_other_accounts_of_this_machine_are_not_let_in(vm: HelperVmConnection, sshd: Sshd) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        pytest.skip("only root can be somebody else")
    host, port = await vm.tunnel.reach("127.0.0.1", sshd.port, 5.0)
    nobody = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    look = f"exec 3<>/dev/tcp/{host}/{port}; head -c 4 <&3"

    async def seen(*prefix: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *prefix, "bash", "-c", look, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return (await process.communicate())[0]

    assert await seen() == b"SSH-"
    assert await seen(*nobody) == b""


async def test_closing_leaves_no_port_open(sshd: Sshd, tmp_path: Path) -> None:
    async with connected(remember(tmp_path / "known_hosts", sshd), hop_of(sshd)) as vm:
        address = await vm.tunnel.reach("127.0.0.1", sshd.port, 5.0)
        reader, writer = await asyncio.open_connection(*address)
        assert await reader.readexactly(4) == b"SSH-"
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5.0)
