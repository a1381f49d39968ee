"""The server stops at once whoever is connected, and nobody hears of callers that hang up."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.lab.api.fake_nodes import FakeNodes
from tests.lab.api.support import ADMIN, AUTHORITY, Lab, config_map, node, pod, running_lab
from tests.support.waiting import until

_STOPS_WITHIN_S = 2.0
_LOG = "/api/v1/namespaces/default/pods/web-0/log?follow=true"
_EXEC = "/api/v1/namespaces/default/pods/web-0/exec?command=cat&stdin=true&stdout=true&container=web"
_WATCHES = ("/api/v1/pods?watch=1", "/api/v1/configmaps?watch=1", _LOG)


@pytest.fixture
async def nodes() -> FakeNodes:
    return FakeNodes()


@pytest.fixture
async def lab(tmp_path: Path, nodes: FakeNodes) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path, nodes=nodes) as running:
        running.store.create("nodes", node("node-0"))
        running.store.create("pods", pod("web-0"))
        yield running


@pytest.fixture(autouse=True)
def silence(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing at all is logged above INFO in any of these tests, nor told to the loop's exception handler."""
    with caplog.at_level(logging.WARNING):
        yield
    for when in ("setup", "call"):
        assert [each.getMessage() for each in caplog.get_records(when) if each.levelno >= logging.WARNING] == []


class _Caller:
    """A bare TLS connection that asked for something endless."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def asking(cls, lab: Lab, path: str, *, receive_buffer: int = 0) -> _Caller:
        """Ask, and return once the answer has begun."""
        bare = socket.socket()
        if receive_buffer:
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        bare.setblocking(False)
        await asyncio.get_running_loop().sock_connect(bare, ("127.0.0.1", lab.api.port))
        tls = ssl.create_default_context(cadata=AUTHORITY.pem)
        reader, writer = await asyncio.open_connection(sock=bare, ssl=tls, server_hostname="localhost", limit=1024)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        return cls(reader, writer)

    def half_close(self) -> None:
        """Say below TLS that nothing more will be sent; keep the socket."""
        self.writer.get_extra_info("socket")._sock.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        self.writer.transport.abort()


async def _stop(lab: Lab) -> float:
    began = time.monotonic()
    await lab.api.stop()
    return time.monotonic() - began


async def test_open_watches_and_logs_do_not_hold_a_stop_up(lab: Lab) -> None:
    callers = [await _Caller.asking(lab, path) for path in _WATCHES]
    assert await _stop(lab) < _STOPS_WITHIN_S
    for caller in callers:
        with pytest.raises(ConnectionError):
            while await caller.reader.read(4096):
                pass
            raise ConnectionResetError
        caller.hang_up()


async def test_half_closed_callers_do_not(lab: Lab) -> None:
    callers = [await _Caller.asking(lab, path) for path in _WATCHES]
    for caller in callers:
        caller.half_close()
    assert await _stop(lab) < _STOPS_WITHIN_S
    for caller in callers:
        caller.hang_up()


async def test_callers_that_read_nothing_do_not(lab: Lab) -> None:
    caller = await _Caller.asking(lab, "/api/v1/configmaps?watch=1", receive_buffer=4096)
    caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
    for number in range(40):
        lab.store.create("configmaps", config_map(f"large-{number}", text="x" * 200_000))
    await until(lambda: lab.api._context.hub.distributed == lab.store.revision)
    assert await _stop(lab) < _STOPS_WITHIN_S
    caller.hang_up()


async def test_shells_do_not(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with lab.session.ws_connect(
        lab.url + _EXEC, headers=headers, protocols=("v4.channel.k8s.io",), autoclose=False
    ) as shell:
        await shell.send_bytes(b"\x00hello\n")
        assert (await shell.receive()).data == b"\x01hello\n"
        assert await _stop(lab) < _STOPS_WITHIN_S


async def test_black_holed_links_do_not(lab: Lab) -> None:
    open_before = await _Caller.asking(lab, _WATCHES[0])
    lab.faults.set("link-black-hole")
    await until(lambda: lab.api._link is not None and lab.api._link._mode == "mute")
    swallowed = await asyncio.open_connection("127.0.0.1", lab.api.port)
    asked = asyncio.create_task(lab.ask("/api/v1/pods"))
    await asyncio.sleep(0)
    assert await _stop(lab) < _STOPS_WITHIN_S
    with pytest.raises(aiohttp.ClientError):
        await asked
    open_before.hang_up()
    swallowed[1].close()


async def test_callers_in_the_middle_of_a_handshake_do_not(lab: Lab) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", lab.api.port)
    writer.write(b"\x16\x03\x01")
    await writer.drain()
    await lab.ask("/version")
    assert await _stop(lab) < _STOPS_WITHIN_S
    writer.close()


@pytest.mark.parametrize("path", _WATCHES)
async def test_hanging_up_is_silent(lab: Lab, nodes: FakeNodes, path: str) -> None:
    callers = [await _Caller.asking(lab, path) for _ in range(10)]
    for number, caller in enumerate(callers):
        caller.hang_up()
        lab.store.create("configmaps", config_map(f"map-{number}"))
        lab.store.create("pods", pod(f"other-{number}"))
        nodes.write("more")
        await asyncio.sleep(0)
    server = lab.api._runner.server if lab.api._runner else None
    assert server is not None
    await until(lambda: len(server.connections) == 0)
    assert (await lab.ask("/api/v1/pods")).status == 200


async def test_hanging_up_before_the_answer_is_silent(lab: Lab) -> None:
    lab.faults.set("api-slow", "0.2")
    tls = ssl.create_default_context(cadata=AUTHORITY.pem)
    for path in (*_WATCHES, "/api/v1/pods"):
        _, writer = await asyncio.open_connection("127.0.0.1", lab.api.port, ssl=tls, server_hostname="localhost")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode())
        await writer.drain()
        writer.transport.abort()
    assert (await lab.ask("/version")).status == 200
    assert await _stop(lab) < _STOPS_WITHIN_S


async def test_a_shell_left_alone_is_silent(lab: Lab) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    for _ in range(3):
        shell = await lab.session.ws_connect(lab.url + _EXEC, headers=headers, protocols=("v4.channel.k8s.io",))
        await shell.send_bytes(b"\x00" + b"x" * 1000)
        assert shell._response.connection is not None
        transport = shell._response.connection.transport
        assert transport is not None
        transport.abort()
    server = lab.api._runner.server if lab.api._runner else None
    assert server is not None
    await until(lambda: len(server.connections) == 0)
