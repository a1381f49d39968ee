"""A watch that says more than anybody can take: the loop stays free, and memory has an end."""

from __future__ import annotations

import asyncio

from backends.kubernetes import Cluster
from tests.kubernetes.following import live, names
from tests.kubernetes.wild_server import Request, WildServer, event, row
from tests.support.waiting import until


async def test_a_storm_does_not_hold_the_loop(server: WildServer, cluster: Cluster) -> None:
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        line = b"".join(event("MODIFIED", row("one", 1000 + number, number)) for number in range(20_000))
        server.tell(line)
        seen, largest = 1000, 0
        while seen != 20_999:
            await asyncio.sleep(0)
            newest = int(next(each for each in maps.store.rows.values() if each.name == "one").version)
            seen, largest = newest, max(largest, newest - seen)
        assert largest < 5_000, f"{largest} changes were folded in without a turn for anybody else"


async def test_a_line_without_end_does_not_fill_the_memory(server: WildServer, cluster: Cluster) -> None:
    sent = 0

    async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if "watch" not in request.query:
            await server.answer(request, writer)
            return
        writer.write(server.head(200, "Transfer-Encoding: chunked"))
        piece = b"x" * (1 << 20)
        for _ in range(200):
            if writer.transport.is_closing():  # asyncio goes on taking bytes for a client that left
                return
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            sent += len(piece)

    with server.misbehave(endless):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: "no Kubernetes answer" in maps.state.value.reason)
            assert names(maps) == ["one", "two"]
    assert sent < 60 << 20
