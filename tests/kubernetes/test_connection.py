"""Reaching an API: certificates right and wrong, names, proxies, budget, and what errors say."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backends.errors import CertificateRejected, Forbidden, ServerFailed, Throttled, Unauthorized, Unreachable
from backends.kubernetes import Cluster
from backends.model.logs import LogRequest
from tests.kubernetes.wild_server import AUTHORITY, TOKEN, Request, WildServer, opened
from tests.support.authority import Authority
from tests.support.control_plane import free_ports


@pytest.mark.parametrize(
    ("wrong", "why", "todo"),
    [
        ({"expired": True}, "certificate has expired", "renew"),
        ({"future": True}, "not valid yet", "clock"),
        ({"names": ("elsewhere.example",)}, "for another (name|address)", "tls-server-name"),
        ({"authority": Authority("stranger")}, "authority", "copy the kubeconfig"),
    ],
)
async def test_wrong_certificates_are_refused_in_words(
    tmp_path: Path, wrong: dict[str, Any], why: str, todo: str
) -> None:
    authority, names = wrong.pop("authority", AUTHORITY), wrong.pop("names", ("127.0.0.1",))
    async with (
        WildServer(authority.server(*names, **wrong), folder=tmp_path) as server,
        opened(server.kubeconfig(tmp_path)) as cluster,
    ):
        with pytest.raises(CertificateRejected, match=why) as rejected:
            await cluster.version()
        assert todo in rejected.value.todo
        assert f"127.0.0.1:{server.port}" in rejected.value.why
    assert not server.requests


async def test_tls_server_name_and_skipped_verification(tmp_path: Path) -> None:
    async with WildServer(AUTHORITY.server("api.orlando.example"), folder=tmp_path) as server:
        named = server.kubeconfig(tmp_path, **{"tls-server-name": "api.orlando.example"})
        async with opened(named) as cluster:
            assert await cluster.version()
        careless: dict[str, Any] = {"insecure-skip-tls-verify": True, "certificate-authority-data": None}
        async with opened(server.kubeconfig(tmp_path, **careless)) as cluster:
            assert await cluster.version()


async def test_an_authority_in_a_file(server: WildServer, tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text(AUTHORITY.pem)
    fields: dict[str, Any] = {"certificate-authority-data": None, "certificate-authority": "authority.pem"}
    async with opened(server.kubeconfig(tmp_path, **fields)) as cluster:
        assert await cluster.version()
    (tmp_path / "authority.pem").unlink()
    async with opened(server.kubeconfig(tmp_path, **fields)) as cluster:
        with pytest.raises(Unauthorized, match=r"authority\.pem"):
            await cluster.version()


async def test_an_api_under_a_path_as_behind_a_gateway(server: WildServer, tmp_path: Path) -> None:
    async def gateway(request: Request, writer: asyncio.StreamWriter) -> None:
        assert request.path.startswith("/k8s/orlando/")
        inner = Request(request.method, request.path.removeprefix("/k8s/orlando"), request.query, request.headers)
        await server.answer(inner, writer)

    with server.misbehave(gateway):
        async with opened(server.kubeconfig(tmp_path, server=f"{server.url}/k8s/orlando")) as cluster:
            assert await cluster.version()


_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@contextlib.asynccontextmanager
async def _proxy(
    answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n",
) -> AsyncIterator[tuple[int, list[str]]]:
    """Run an HTTP proxy that knows only CONNECT; yields its port and what it was asked."""
    asked: list[str] = []
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        writers.append(writer)
        writer.write(answer)
        if b" 200 " not in answer:
            writer.close()
            return
        host, _, port = head.split(" ")[1].rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writers.append(back)
        for work in (pump(reader, back), pump(there, writer)):
            tasks.add(asyncio.create_task(work))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in writers:
            each.transport.abort()


async def test_a_proxy_of_the_kubeconfig(server: WildServer, tmp_path: Path) -> None:
    async with _proxy() as (port, asked):
        path = server.kubeconfig(tmp_path, **{"proxy-url": f"http://ada:lovelace@127.0.0.1:{port}"})
        async with opened(path) as cluster:
            assert await cluster.version()
    assert asked[0].startswith(f"CONNECT 127.0.0.1:{server.port} ")
    assert "Proxy-Authorization: Basic YWRhOmxvdmVsYWNl" in asked[0]
    assert TOKEN not in "".join(asked), "the proxy must not see the token"


async def test_a_proxy_that_refuses_or_is_gone(server: WildServer, tmp_path: Path) -> None:
    async with _proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as (port, _):
        path = server.kubeconfig(tmp_path, **{"proxy-url": f"http://ada:lovelace@127.0.0.1:{port}"})
        async with opened(path) as cluster:
            with pytest.raises(Unreachable, match=f"the proxy 127.0.0.1:{port} answered 403") as refused:
                await cluster.version()
            assert "lovelace" not in str(refused.value)
    async with opened(path) as cluster:
        with pytest.raises(Unreachable, match=f"the proxy 127.0.0.1:{port} cannot be reached"):
            await cluster.version()
    async with opened(server.kubeconfig(tmp_path, **{"proxy-url": "socks5://127.0.0.1:1"})) as cluster:
        with pytest.raises(Unauthorized, match="only http and https proxies"):
            await cluster.version()


async def test_proxies_of_the_environment_as_kubectl_takes_them(
    server: WildServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with _proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n") as (port, asked):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        async with opened(server.kubeconfig(tmp_path)) as cluster:
            assert await cluster.version(), "never for this machine itself"
        assert not asked
        async with opened(server.kubeconfig(tmp_path, server="https://api.orlando.example:6443")) as cluster:
            with pytest.raises(Unreachable, match="the proxy"):
                await cluster.version()
        assert asked[0].startswith("CONNECT api.orlando.example:6443 ")


async def test_names_and_ports_that_lead_nowhere(server: WildServer, tmp_path: Path) -> None:
    for address, why in (
        ("https://no-such-host.invalid:6443", r"no-such-host\.invalid.* is not known"),
        (f"https://127.0.0.1:{free_ports(1)[0]}", "connection refused by 127.0.0.1"),
        (f"http://127.0.0.1:{server.port}", r"127\.0\.0\.1"),
    ):
        async with opened(server.kubeconfig(tmp_path, server=address)) as cluster:
            with pytest.raises(Exception, match=why) as failed:
                await cluster.version()
            assert str(failed.value).startswith("orlando: ")


async def test_no_more_than_eight_at_once_and_no_faster_than_the_budget(server: WildServer, tmp_path: Path) -> None:
    open_now = most = 0

    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.02)
        open_now -= 1
        await server.answer(request, writer)

    with server.misbehave(slow):
        async with opened(server.kubeconfig(tmp_path), rate=10.0) as cluster:
            began = time.monotonic()
            await asyncio.gather(*(cluster.version() for _ in range(60)))
            took = time.monotonic() - began
            assert cluster.meter.per_minute() == 60
    assert most == 8
    assert took >= 0.9, "fifty at once, then ten a second"


async def test_a_slow_answer_is_given_up_in_time(server: WildServer, tmp_path: Path) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    with server.misbehave(never):
        async with opened(server.kubeconfig(tmp_path), timeout_s=0.3) as cluster:
            with pytest.raises(Unreachable, match=r"does not answer within 0.3 s"):
                await cluster.version()
            with pytest.raises(Unreachable, match=r"does not answer within 0.3 s"):
                async for _ in cluster.logs(LogRequest("default", "web", "web")):
                    pass


async def test_server_words_reach_the_operator_without_secrets(server: WildServer, cluster: Cluster) -> None:
    for status, kind, message in (
        (403, Forbidden, "forbidden: quota exceeded"),
        (429, Throttled, "the server is currently busy"),
        (503, ServerFailed, "etcd leader changed; Authorization: Bearer abcdefghijklmnop"),
    ):

        async def refuse(_: Request, writer: asyncio.StreamWriter, said: tuple[int, str] = (status, message)) -> None:
            await server.refuse(writer, *said)

        with server.misbehave(refuse), pytest.raises(kind) as failed:
            await cluster.version()
        assert message.partition(";")[0] in str(failed.value)
        assert "abcdefghijklmnop" not in str(failed.value)


async def test_logs_are_split_and_bounded(server: WildServer, cluster: Cluster) -> None:
    stamp = "2026-01-02T03:04:05.123456789Z "

    async def log(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(server.head(200, "Transfer-Encoding: chunked", content_type="text/plain"))
        text = f"{stamp}one\r\n{stamp}\n{stamp}{'x' * 200_000}\nwithout a time\n{stamp}caf\xe9".encode("latin-1")
        for at in range(0, len(text), 30_000):
            part = text[at : at + 30_000]
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    with server.misbehave(log):
        request = LogRequest("default", "web", "c", follow=False, since_s=60, previous=True)
        lines = [line async for batch in cluster.logs(request) for line in batch]
    assert [line.text[:14] for line in lines] == ["one", "", "x" * 14, "without a time", "caf\ufffd"]
    assert len(lines[2].text) < 66_000
    assert lines[0].at == pytest.approx(1767323045.123456789)
    assert lines[0].timestamp == stamp.strip()
    assert (lines[3].at, lines[3].timestamp) == (0.0, "")
    asked = server.requests[-1].query
    assert asked == {"timestamps": "true", "container": "c", "previous": "true", "sinceSeconds": "60"}


async def test_usage_is_summed_over_containers(server: WildServer, cluster: Cluster) -> None:
    usage = {"cpu": "250m", "memory": "64Mi"}
    pod = {"metadata": {"name": "web", "namespace": "shop"}, "containers": [{"usage": usage}, {"usage": usage}]}
    node = {"metadata": {"name": "n1"}, "usage": {"cpu": "1500000000n", "memory": "1Gi"}}

    async def metrics(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, {"items": [pod if request.path.endswith("/pods") else node]})

    with server.misbehave(metrics):
        assert await cluster.pod_usage("shop") == {("shop", "web"): (500, 128 << 20)}
        assert await cluster.node_usage() == {"n1": (1500, 1 << 30)}
    assert server.requests[0].path == "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods"


async def test_a_name_cannot_ask_for_something_else(server: WildServer, cluster: Cluster) -> None:
    async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
        known = request.path in ("/api", "/apis")
        await (server.answer(request, writer) if known else server.send(writer, {"asked": request.path}))

    with server.misbehave(echo):
        for name in ("one?watch=1", "one#two", "a b", "system:node", "caf\u00e9"):
            assert await cluster.get("configmaps", name, "default") == {
                "asked": f"/api/v1/namespaces/default/configmaps/{name}"
            }
            assert "watch" not in server.requests[-1].query
