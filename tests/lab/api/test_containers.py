"""Logs, exec and metrics, with nodes of a few lines behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.lab.api.fake_nodes import BEGAN, FakeNodes
from tests.lab.api.support import ADMIN, TABLE, Lab, pod, running_lab

LOG = "/api/v1/namespaces/default/pods/web-0/log"


@pytest.fixture
def nodes() -> FakeNodes:
    return FakeNodes()


@pytest.fixture
async def lab(tmp_path: Path, nodes: FakeNodes) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path, nodes=nodes) as running:
        running.store.create("pods", pod("web-0"))
        yield running


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "line 0\nline 1\nline 2\nline 3\nline 4\n"),
        ("tailLines=2", "line 3\nline 4\n"),
        ("tailLines=0", ""),
        ("tailLines=99", "line 0\nline 1\nline 2\nline 3\nline 4\n"),
        ("limitBytes=9", "line 0\nli"),
        ("sinceTime=2023-11-14T22:13:23Z", "line 3\nline 4\n"),
        ("tailLines=1&timestamps=true", "2023-11-14T22:13:24.000000000Z line 4\n"),
        ("container=web&tailLines=1", "line 4\n"),
    ],
)
async def test_which_lines(lab: Lab, query: str, expected: str) -> None:
    answer = await lab.ask(f"{LOG}?{query}")
    assert (answer.status, answer.body.decode()) == (200, expected)
    assert answer.headers["Content-Type"].startswith("text/plain")


async def test_the_log_of_the_container_before(lab: Lab) -> None:
    refused = await lab.ask(f"{LOG}?previous=true")
    assert refused.status == 400
    assert refused.json["message"] == 'previous terminated container "web" in pod "web-0" not found'
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}}
    lab.store.change(
        "pods", "default", "web-0", lambda obj: obj["status"]["containerStatuses"][0].update(lastState=ended)
    )
    assert (await lab.ask(f"{LOG}?previous=true")).body == b"last words\n"


async def test_following(lab: Lab, nodes: FakeNodes) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with lab.session.get(f"{lab.url}{LOG}?follow=true&tailLines=1", headers=headers) as response:
        async with asyncio.timeout(5):
            assert await response.content.readline() == b"line 4\n"
            nodes.write("more")
            assert await response.content.readline() == b"more\n"
            nodes.end()
            assert await response.content.readline() == b""


def _waiting(reason: str) -> dict[str, Any]:
    return {"phase": "Pending", "containerStatuses": [{"name": "web", "state": {"waiting": {"reason": reason}}}]}


@pytest.mark.parametrize(
    ("status", "query", "message"),
    [
        (None, "container=nope", "container nope is not valid for pod web-0"),
        (
            _waiting("ContainerCreating"),
            "",
            'container "web" in pod "web-0" is waiting to start: ContainerCreating',
        ),
        (
            _waiting("ImagePullBackOff"),
            "",
            'container "web" in pod "web-0" is waiting to start: trying and failing to pull image',
        ),
    ],
)
async def test_logs_that_are_not_there(lab: Lab, status: dict[str, Any] | None, query: str, message: str) -> None:
    if status is not None:
        lab.store.change("pods", "default", "web-0", lambda obj: obj.update(status=status))
    answer = await lab.ask(f"{LOG}?{query}")
    assert (answer.status, answer.json["message"]) == (400, message)


async def test_several_containers_need_a_choice(lab: Lab) -> None:
    both = [{"name": "web", "image": "x"}, {"name": "sidecar", "image": "y"}]
    lab.store.create("pods", pod("two-0", containers=both, initContainers=[{"name": "setup", "image": "z"}]))
    answer = await lab.ask("/api/v1/namespaces/default/pods/two-0/log")
    assert answer.status == 400
    assert answer.json["message"] == (
        "a container name must be specified for pod two-0, choose one of: [web sidecar] "
        "or one of the init containers: [setup]"
    )


async def test_a_node_that_does_not_answer(lab: Lab, nodes: FakeNodes) -> None:
    nodes.down = True
    answer = await lab.ask(LOG)
    assert answer.status == 500
    assert answer.json["message"].startswith('Get "https://node-0:10250/containerLogs/default/web-0/web"')


async def _exec(lab: Lab, query: str, *typed: bytes) -> tuple[bytes, bytes, dict[str, Any]]:
    """Run a command and return its output, its errors and the final Status."""
    url = f"{lab.url}/api/v1/namespaces/default/pods/web-0/exec?{query}"
    out = {1: b"", 2: b"", 3: b""}
    async with (
        asyncio.timeout(5),
        lab.session.ws_connect(
            url, headers={"Authorization": f"Bearer {ADMIN}"}, protocols=("v5.channel.k8s.io",)
        ) as socket,
    ):
        for data in typed:
            await socket.send_bytes(b"\x00" + data)
        if typed:
            await socket.send_bytes(b"\xff\x00")
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                out[message.data[0]] += message.data[1:]
    return out[1], out[2], msgspec.json.decode(out[3])


async def test_exec_prints_and_succeeds(lab: Lab) -> None:
    out, _, status = await _exec(lab, "command=echo&command=hello&stdout=true")
    assert (out, status["status"]) == (b"hello\n", "Success")


async def test_exec_reads_what_is_typed_until_it_is_closed(lab: Lab) -> None:
    out, _, status = await _exec(lab, "command=cat&stdin=true&stdout=true", b"one\n", b"two\n")
    assert (out, status["status"]) == (b"one\ntwo\n", "Success")


async def test_exec_reports_the_exit_code(lab: Lab) -> None:
    _, errors, status = await _exec(lab, "command=false&stderr=true")
    assert errors == b"no\n"
    assert (status["reason"], status["details"]["causes"]) == (
        "NonZeroExitCode",
        [{"reason": "ExitCode", "message": "1"}],
    )


async def test_exec_of_what_is_not_there(lab: Lab) -> None:
    _, _, status = await _exec(lab, "command=nope")
    assert status["status"] == "Failure"
    assert "executable file not found" in status["message"]


async def test_exec_wants_a_websocket(lab: Lab) -> None:
    answer = await lab.ask("/api/v1/namespaces/default/pods/web-0/exec?command=echo")
    assert (answer.status, answer.json["message"]) == (400, "Upgrade request required")


async def test_port_forward(lab: Lab, nodes: FakeNodes) -> None:
    async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        writer.close()

    server = await asyncio.start_server(upper, "127.0.0.1", 0)
    nodes.listening = server.sockets[0].getsockname()[:2]
    url = f"{lab.url}/api/v1/namespaces/default/pods/web-0/portforward?ports=8080,9"
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with (
        server,
        asyncio.timeout(5),
        lab.session.ws_connect(url, headers=headers, protocols=("v4.channel.k8s.io",)) as socket,
    ):
        greetings = [await socket.receive_bytes() for _ in range(5)]
        assert greetings[:4] == [b"\x00\x90\x1f", b"\x01\x90\x1f", b"\x02\x09\x00", b"\x03\x09\x00"]
        assert greetings[4].startswith(b"\x03error forwarding port 9 to pod ")
        await socket.send_bytes(b"\x00hello\n")
        assert await socket.receive_bytes() == b"\x00HELLO\n"


async def test_metrics(lab: Lab) -> None:
    answer = await lab.ask("/apis/metrics.k8s.io/v1beta1/nodes")
    assert answer.json["kind"] == "NodeMetricsList"
    assert answer.json["items"][0]["usage"] == {"cpu": "250000000n", "memory": "1048576Ki"}
    one = await lab.ask("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods/web-0")
    assert one.json["containers"] == [{"name": "web", "usage": {"cpu": "12000000n", "memory": "65536Ki"}}]
    assert one.json["metadata"]["labels"] == {"app": "web"}
    table = await lab.ask("/apis/metrics.k8s.io/v1beta1/nodes", accept=TABLE)
    assert table.json["rows"][0]["cells"][0] == "node-0"
    none = await lab.ask("/apis/metrics.k8s.io/v1beta1/pods?labelSelector=app%3Dapi")
    assert none.json["items"] == []
    assert BEGAN > 0
