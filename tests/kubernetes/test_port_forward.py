"""Connections to pods over a bad line: the port's prefix in pieces, errors of the kubelet, cuts, and refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backends.errors import ServerFailed, Unreachable
from backends.kubernetes import Cluster
from tests.kubernetes.websockets import GOODBYE, accept, frame
from tests.kubernetes.wild_server import Request, WildServer


def _sending(server: WildServer, *frames: bytes, then_cut: bool = False) -> Any:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(accept(request) + b"".join(frames))
        await writer.drain()
        if then_cut:
            writer.transport.abort()
        else:
            await asyncio.Event().wait()

    return server.misbehave(script)


PORT = (8080).to_bytes(2, "little")


@pytest.mark.parametrize(
    "frames",
    [
        (frame(0, PORT), frame(1, PORT), frame(0, b"abc"), frame(0, b"def")),
        (frame(0, PORT[:1]), frame(0, PORT[1:] + b"abc"), frame(0, b""), frame(1, PORT), frame(0, b"def")),
        (frame(0, PORT + b"abcdef"),),
    ],
)
async def test_the_ports_number_is_no_data(server: WildServer, cluster: Cluster, frames: tuple[bytes, ...]) -> None:
    with _sending(server, *frames, GOODBYE):
        async with cluster.open_port("shop", "web-1", 8080) as stream:
            received = b""
            while (data := await stream.read()) is not None:
                received += data
    assert received == b"abcdef"
    (request,) = server.requests
    assert (request.path, request.query) == ("/api/v1/namespaces/shop/pods/web-1/portforward", {"ports": "8080"})
    assert request.headers["sec-websocket-protocol"] == "v4.channel.k8s.io"


async def test_what_the_kubelet_says_is_told(server: WildServer, cluster: Cluster) -> None:
    with _sending(server, frame(0, PORT), frame(1, PORT), frame(1, b"connection refused\n"), GOODBYE):
        async with cluster.open_port("shop", "web-1", 8080) as stream:
            with pytest.raises(Unreachable, match="cannot reach port 8080 of shop/web-1: connection refused"):
                await stream.read()


async def test_a_cut_link_is_unreachable(server: WildServer, cluster: Cluster) -> None:
    with _sending(server, frame(0, PORT + b"abc"), then_cut=True):
        async with cluster.open_port("shop", "web-1", 8080) as stream:
            assert await stream.read() == b"abc"
            with pytest.raises(Unreachable, match="orlando"):
                await stream.read()


async def test_a_pod_that_does_not_run(server: WildServer, cluster: Cluster) -> None:
    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.refuse(writer, 500, "unable to forward port because pod is not running", "InternalError")

    with server.misbehave(refuse), pytest.raises(ServerFailed, match="pod is not running"):
        async with cluster.open_port("shop", "web-1", 8080):
            pass
