"""Refusals as they come over a bad line: in pieces, cut off, or with an absurd request to wait."""

from __future__ import annotations

import asyncio
import json

import pytest

from backends.errors import Forbidden, Throttled, Unreachable
from backends.kubernetes import Cluster
from backends.model.logs import LogRequest
from tests.kubernetes.wild_server import Request, WildServer

LOG = LogRequest("default", "web-0", "web")


async def test_a_refusal_in_pieces_is_told_in_the_servers_words(server: WildServer, cluster: Cluster) -> None:
    message = "pods is forbidden: " + "no role allows it; " * 100
    body = json.dumps({"kind": "Status", "message": message, "reason": "Forbidden", "code": 403}).encode()

    async def in_pieces(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(server.head(403, f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 700):
            writer.write(body[start : start + 700])
            await writer.drain()
            await asyncio.sleep(0.005)  # a piece of its own on the wire

    with server.misbehave(in_pieces), pytest.raises(Forbidden, match="pods is forbidden"):
        await cluster.version()


async def test_a_stream_refused_without_the_promised_words_does_not_hang(server: WildServer, cluster: Cluster) -> None:
    async def half(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(server.head(503, "Content-Length: 500"))
        await writer.drain()
        await asyncio.Event().wait()

    with server.misbehave(half), pytest.raises(Unreachable, match="does not answer within 2 s"):
        async with asyncio.timeout(5):
            async for _ in cluster.logs(LOG):
                pass


@pytest.mark.parametrize("asked", ["86400", "9" * 400])
async def test_an_absurd_request_to_wait_is_bounded(server: WildServer, cluster: Cluster, asked: str) -> None:
    async def throttle(request: Request, writer: asyncio.StreamWriter) -> None:
        await server.refuse(writer, 429, "slow down", "TooManyRequests", f"Retry-After: {asked}")

    with server.misbehave(throttle), pytest.raises(Throttled) as throttled:
        await cluster.version()
    assert throttled.value.retry_after_s == 900
