"""Commands in containers through the API: output, input, exit codes, terminals, and what cannot be started."""

from __future__ import annotations

import asyncio

import pytest

from backends.errors import Forbidden, Invalid, NotFound, ServerFailed, SourceError
from backends.kubernetes import Cluster
from backends.kubernetes.exec import Channel, ExecStream, run_command
from tests.contract.subject import Subject


@pytest.fixture
async def pod(subject: Subject, cluster: Cluster, namespace: str) -> str:
    """A running pod with the container `web`."""
    await subject.pod(cluster, namespace, "web-1")
    return "web-1"


async def test_output_and_exit_code(cluster: Cluster, namespace: str, pod: str) -> None:
    async with cluster.open_exec(namespace, pod, "web", ["sh", "-c", "echo out; ls /no-such; echo more"]) as stream:
        result = await run_command(stream)
    assert (result.exit_code, result.output) == (0, b"out\nmore\n")
    assert b"/no-such" in result.errors
    async with cluster.open_exec(namespace, pod, "", ["sh", "-c", "exit 42"]) as stream:
        assert (await run_command(stream)).exit_code == 42
        assert await stream.read() is None, "the end stays the end"


async def test_a_terminal(cluster: Cluster, namespace: str, pod: str) -> None:
    async with cluster.open_exec(namespace, pod, "web", ["sh"], tty=True, stdin=True) as shell:
        await shell.resize(132, 43)
        await shell.write(b"echo a''b\r")
        await _read_until(shell, b"ab")
        await shell.write(b"exit 7\r")
        while await shell.read() is not None:
            pass
        assert shell.exit_code == 7


async def test_much_input_comes_back_whole(cluster: Cluster, namespace: str, pod: str) -> None:
    """More than any buffer on the way holds: who does not read is waited for."""
    given = bytes(range(256)) * 4096
    async with cluster.open_exec(namespace, pod, "web", ["cat"], stdin=True) as stream:
        sending = asyncio.create_task(stream.write(given))
        received = b""
        while len(received) < len(given):
            piece = await stream.read()
            assert piece is not None
            received += piece[1]
        await sending
    assert received == given


async def test_input_with_an_end_where_the_api_can_say_so(cluster: Cluster, namespace: str, pod: str) -> None:
    async with cluster.open_exec(namespace, pod, "web", ["cat"], stdin=True) as stream:
        if int((await cluster.version()).split(".")[1]) >= 30:
            assert (await run_command(stream, b"some input")).output == b"some input"
        else:
            with pytest.raises(Invalid, match=r"its input ended \(Kubernetes can from 1.30 on\)"):
                await run_command(stream, b"some input")


async def test_joining_what_a_container_runs(subject: Subject, cluster: Cluster, namespace: str, pod: str) -> None:
    async with cluster.open_attach(namespace, pod, "web", stdin=True) as stream:
        if subject.name == "lab":
            assert await stream.read(), "its containers write without being asked"
        else:
            await stream.write(b"hello\n")
            await _read_until(stream, b"HELLO")


async def test_a_program_the_image_has_not(cluster: Cluster, namespace: str, pod: str) -> None:
    async with cluster.open_exec(namespace, pod, "web", ["no-such-shell"], tty=True, stdin=True) as stream:
        with pytest.raises(NotFound, match="executable file not found") as refused:
            await stream.read()
    assert "the image has no such program" in refused.value.todo
    assert f"cannot run no-such-shell in {namespace}/web-1 (web)" in refused.value.what


async def test_what_cannot_be_entered(subject: Subject, cluster: Cluster, namespace: str, pod: str) -> None:
    async def enter(client: Cluster, name: str, container: str = "web") -> SourceError:
        with pytest.raises(SourceError) as refused:
            async with client.open_exec(namespace, name, container, ["sh"]):
                pass
        return refused.value

    gone = await enter(cluster, "no-such-pod")
    assert isinstance(gone, NotFound)
    assert 'pods "no-such-pod" not found' in gone.why
    wrong = await enter(cluster, pod, "no-such-container")
    assert isinstance(wrong, Invalid)
    assert "no-such-container" in wrong.why
    await subject.pod(cluster, namespace, "waiting", running=False)
    waiting = await enter(cluster, "waiting")
    assert isinstance(waiting, Invalid | ServerFailed)
    assert waiting.why
    async with subject.cluster("viewer") as viewer:
        forbidden = await enter(viewer, pod)
        assert isinstance(forbidden, Forbidden)
        assert 'cannot get resource "pods/exec"' in forbidden.why


async def test_leaving_never_hangs(cluster: Cluster, namespace: str, pod: str) -> None:
    """Neither while it is read, nor while it is written to something that does not read."""
    async with asyncio.timeout(15):
        async with cluster.open_exec(namespace, pod, "web", ["sleep", "3600"], stdin=True) as stream:
            reading = asyncio.create_task(stream.read())
            writing = asyncio.create_task(stream.write(b"x" * (1 << 24)))
            await asyncio.sleep(0)
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
        async with cluster.open_exec(namespace, pod, "web", ["sh"], tty=True, stdin=True):
            pass


async def _read_until(stream: ExecStream, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        piece = await stream.read()
        assert piece is not None, seen
        assert piece[0] is Channel.OUTPUT
        seen += piece[1]
    return seen
