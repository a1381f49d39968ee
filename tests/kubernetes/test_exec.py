"""Commands over a bad line: refused, cut, silent, or answered by something that is no API server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from backends.errors import Forbidden, Invalid, Malformed, NotFound, SourceError, Unreachable
from backends.kubernetes import Cluster
from backends.kubernetes.exec import Channel
from tests.kubernetes.websockets import GOODBYE, accept, frame
from tests.kubernetes.wild_server import FAST, TOKEN, Request, WildServer, opened


def _sending(server: WildServer, *frames: bytes, then_cut: bool = False) -> Any:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(accept(request) + b"".join(frames))
        await writer.drain()
        if then_cut:
            writer.transport.abort()
        else:
            await asyncio.Event().wait()

    return server.misbehave(script)


async def _refusal(cluster: Cluster) -> SourceError:
    with pytest.raises(SourceError) as refused:
        async with asyncio.timeout(10), cluster.open_exec("shop", "web-1", "web", ["sh", "-c", "ls /a b"]) as stream:
            while await stream.read() is not None:
                pass
    assert refused.value.stamp == "orlando"
    return refused.value


async def test_what_is_asked(server: WildServer, cluster: Cluster) -> None:
    ended = frame(3, b'{"status":"Success"}')
    with _sending(server, frame(1, b""), frame(1, b"out"), frame(2, b"err"), ended):
        async with cluster.open_exec("shop", "web-1", "web", ["sh", "-c", "ls /a b"], stdin=True) as stream:
            assert await stream.read() == (Channel.OUTPUT, b"out")
            assert await stream.read() == (Channel.ERRORS, b"err")
            assert await stream.read() is None
            assert stream.exit_code == 0
        async with cluster.open_exec("shop", "web-1", "", ["sh"], tty=True):
            pass
    first, second = server.requests
    assert first.path == "/api/v1/namespaces/shop/pods/web-1/exec"
    assert first.query == {
        "container": "web",
        "command": "ls /a b",
        "stdin": "true",
        "stdout": "true",
        "stderr": "true",
    }
    assert first.headers["sec-websocket-protocol"] == "v5.channel.k8s.io,v4.channel.k8s.io"
    assert second.query == {"command": "sh", "stdout": "true", "tty": "true"}


async def test_a_cut_link_is_unreachable(server: WildServer, cluster: Cluster) -> None:
    with _sending(server, frame(1, b"out"), then_cut=True):
        error = await _refusal(cluster)
    assert isinstance(error, Unreachable)
    assert error.what == "lost: run sh in shop/web-1 (web)"
    assert "the command may still run" in error.why


async def test_a_goodbye_without_an_exit_code_is_unreachable(server: WildServer, cluster: Cluster) -> None:
    with _sending(server, frame(1, b"out"), GOODBYE):
        error = await _refusal(cluster)
    assert isinstance(error, Unreachable)
    assert "the connection ended before the command did" in error.why


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        (b"exec: no such file or directory", NotFound, "no such file"),
        (b'{"status":"Failure","message":"node is gone"}', Invalid, "node is gone"),
        (
            b'{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
            Invalid,
            "runtime refused",
        ),
        (b"\xff{", Invalid, "{"),
    ],
)
async def test_ends_that_are_no_exit_code(
    server: WildServer, cluster: Cluster, said: bytes, kind: type[SourceError], why: str
) -> None:
    with _sending(server, frame(3, said)):
        error = await _refusal(cluster)
    assert type(error) is kind
    assert why in error.why


async def test_an_exit_code_by_signal_or_number(server: WildServer, cluster: Cluster) -> None:
    status = {"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "137"}]}}
    with _sending(server, frame(3, json.dumps(status).encode())):
        async with cluster.open_exec("shop", "web-1", "web", ["sh"]) as stream:
            assert await stream.read() is None
            assert stream.exit_code == 137


async def test_refusals_are_told_in_the_servers_words_and_asked_once(server: WildServer, cluster: Cluster) -> None:
    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.refuse(writer, 403, 'User "ada" cannot get resource "pods/exec"', "Forbidden")

    with server.misbehave(refuse):
        error = await _refusal(cluster)
    assert isinstance(error, Forbidden)
    assert "pods/exec" in error.why

    async def plain(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, b"container not found", status=404, content_type="text/plain")

    with server.misbehave(plain):
        assert (await _refusal(cluster)).why == "container not found"

    async def cut(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    with server.misbehave(cut):
        assert isinstance(await _refusal(cluster), Unreachable)
    assert len(server.requests) == 3, "what was started must not be started again"


async def test_what_is_no_websocket(server: WildServer, cluster: Cluster) -> None:
    async def page(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, b"<html>sign in</html>", content_type="text/html")

    with server.misbehave(page):
        error = await _refusal(cluster)
    assert isinstance(error, Malformed)
    assert "answered 200 instead of opening a WebSocket" in error.why

    async def other(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(accept(request, protocol=""))
        await writer.drain()
        await asyncio.Event().wait()

    with server.misbehave(other):
        assert "speaks none of the channel protocols" in (await _refusal(cluster)).why


async def test_an_api_that_does_not_answer(server: WildServer, cluster: Cluster) -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    with server.misbehave(hang):
        assert "does not answer within 2 s" in (await _refusal(cluster)).why
    await server.stop()
    assert "refused" in (await _refusal(cluster)).why


async def test_new_credentials_once_when_refused(server: WildServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("outdated")

    async def check(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            token.write_text(TOKEN)
            await server.refuse(writer, 401, "Unauthorized", "Unauthorized")
            return
        writer.write(accept(request) + frame(3, b'{"status":"Success"}'))
        await writer.drain()
        await asyncio.Event().wait()

    async with opened(server.kubeconfig(tmp_path, user={"tokenFile": str(token)}), FAST) as cluster:
        with server.misbehave(check):
            async with cluster.open_exec("shop", "web-1", "web", ["sh"]) as stream:
                assert await stream.read() is None
    assert len(server.requests) == 2


async def test_leaving_a_server_that_reads_nothing_does_not_hang(server: WildServer, cluster: Cluster) -> None:
    """Its input is full, so that not even a goodbye can be sent."""
    with _sending(server):
        async with asyncio.timeout(10), cluster.open_exec("shop", "web-1", "web", ["sh"], stdin=True) as stream:
            writing = asyncio.create_task(stream.write(b"x" * (64 << 20)))
            done, _ = await asyncio.wait((writing,), timeout=0.5)
            assert not done, "waits for whoever does not read"
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
