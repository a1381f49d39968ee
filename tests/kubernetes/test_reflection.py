"""Following a collection while everything that can go wrong does: rows stay, the state says why, and it heals."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from backends.kubernetes import Cluster
from backends.model.health import Health
from tests.kubernetes.following import live, names, remembered
from tests.kubernetes.wild_server import FAST, Request, Script, WildServer, opened, row
from tests.support.waiting import until


def _html(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, b"<html><body>Please sign in</body></html>", content_type="text/html")

    return script


def _truncated(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, b'{"kind":"Table","metadata":{"resourceVer')

    return script


def _cut_in_the_body(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(server.head(200, "Content-Length: 1000") + b'{"kind":')
        await writer.drain()
        writer.transport.abort()

    return script


def _wrong_kind(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, {"kind": "Pod", "metadata": {}})

    return script


def _redirect(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.send(writer, b"", "Location: https://login.example/", status=302)

    return script


def _not_http(_: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    return script


def _failing(server: WildServer) -> Script:
    async def script(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.refuse(writer, 500, "etcdserver: request timed out")

    return script


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (_html, "answered HTML instead of JSON"),
        (_truncated, "cut short"),
        (_cut_in_the_body, "cut its answer in the middle|connection reset"),
        (_wrong_kind, "is no Kubernetes answer"),
        (_redirect, "answered with a redirect"),
        (_not_http, "not HTTP"),
        (_failing, "etcdserver: request timed out"),
    ],
)
async def test_a_lying_api_is_down_with_its_lie_and_keeps_the_rows(
    server: WildServer, cluster: Cluster, fault: object, reason: str
) -> None:
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        with server.misbehave(fault(server)):  # type: ignore[operator]
            server.cut()
            await until(lambda: maps.state.value.health is Health.DOWN)
            state = maps.state.value
            assert re.search(reason, state.reason)
            assert state.retry_at
            assert names(maps) == ["one", "two"]
        await live(maps)
        assert names(maps) == ["one", "two"]


async def test_a_lying_api_is_not_asked_in_a_circle(server: WildServer, tmp_path: Path) -> None:
    slower = replace(FAST, reconnect_base_s=0.2, reconnect_cap_s=0.4)
    async with opened(server.kubeconfig(tmp_path), slower) as cluster:
        with server.misbehave(_html(server)):
            async with cluster.reflect("configmaps") as maps:
                await until(lambda: maps.state.value.health is Health.DOWN)
                asked = len([each for each in server.requests if each.path != "/version"])
                began = time.monotonic()
                await until(lambda: time.monotonic() - began > 1.0)
                assert len([each for each in server.requests if each.path != "/version"]) - asked < 12


async def test_a_stopped_api_is_down_until_it_is_back(server: WildServer, cluster: Cluster) -> None:
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        as_of = maps.state.value.as_of
        await server.stop()
        await until(lambda: maps.state.value.health is Health.DOWN)
        state = maps.state.value
        assert "connection refused by 127.0.0.1" in state.reason
        assert "API server is not running" in state.todo
        assert state.as_of is not None
        assert as_of is not None
        assert state.as_of >= as_of
        assert names(maps) == ["one", "two"]
        del server.rows["one"]
        server.version += 10
        await server.start()
        await live(maps)


async def test_a_cut_watch_resumes_without_a_list(server: WildServer, cluster: Cluster) -> None:
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        server.put("three")
        await until(lambda: len(maps.store.rows) == 3)
        seen = str(server.version)
        server.cut()
        server.put("four")
        await until(lambda: len(maps.store.rows) == 4)
        assert server.watches[-1].query["resourceVersion"] == seen
        assert len(server.lists) == 1


async def test_a_watch_that_ends_in_order_is_no_failure(server: WildServer, tmp_path: Path) -> None:
    async with opened(server.kubeconfig(tmp_path)) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        async with remembered(maps) as seen:
            began = time.monotonic()
            await until(lambda: time.monotonic() - began > 1.1)  # younger watches that end are suspicious
            server.end_watches()
            await until(lambda: len(server.watches) == 2)
            await until(lambda: server.open_watches == 1)
        assert {state.health for state in seen} == {Health.LIVE}


async def test_watches_that_end_at_once_are_not_asked_for_in_a_circle(server: WildServer, cluster: Cluster) -> None:
    async def end_at_once(request: Request, writer: asyncio.StreamWriter) -> None:
        if "watch" in request.query:
            await server.send(writer, b"")
        else:
            await server.answer(request, writer)

    with server.misbehave(end_at_once):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: "ends the watch as soon as it begins" in maps.state.value.reason)
            began, before = time.monotonic(), len(server.watches)
            await until(lambda: len(server.watches) >= before + 4)
            assert time.monotonic() - began > 0.3
            assert names(maps) == ["one", "two"]


async def test_a_forgotten_version_lists_again_behind_the_rows(server: WildServer, cluster: Cluster) -> None:
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        changes = maps.store.follow()
        changes.drain()
        untouched = next(each for each in maps.store.rows.values() if each.name == "two")
        del server.rows["one"]
        server.rows["three"] = row("three", server.version + 5)
        server.version += 5
        status = {"kind": "Status", "message": "too old resource version", "reason": "Expired", "code": 410}
        server.tell(json.dumps({"type": "ERROR", "object": status}).encode() + b"\n")
        await until(lambda: "410" in maps.state.value.reason)
        assert len(maps.store.rows) == 2
        await until(lambda: names(maps) == ["three", "two"])
        await live(maps)
        assert set(changes.drain().rows) == {"orlando/uid-one", "orlando/uid-three"}
        assert maps.store.rows[untouched.uid] is untouched


async def test_an_api_that_answers_nothing_is_doubted_then_slow(server: WildServer, cluster: Cluster) -> None:
    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        await server.answer(request, writer)

    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        with server.misbehave(slow):
            await until(lambda: maps.state.value.health is Health.STALE)
            await until(lambda: "it answered after" in maps.state.value.reason)
            assert maps.state.value.health is Health.STALE
            server.put("three")  # the watch itself still works
            await until(lambda: len(maps.store.rows) == 3)
        await live(maps)


async def test_a_black_hole_is_down_in_time(server: WildServer, cluster: Cluster) -> None:
    hole = asyncio.Event()

    async def swallow(*_: object) -> None:
        await hole.wait()

    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        # Connections are accepted by the kernel and never served, as behind a dead load balancer.
        assert server._server is not None
        asyncio.get_running_loop().remove_reader(server._server.sockets[0].fileno())
        with server.misbehave(swallow):
            await until(lambda: maps.state.value.health is Health.DOWN, within_s=5)
        assert "does not accept connections" in maps.state.value.reason
        assert names(maps) == ["one", "two"]
        hole.set()


async def test_refusals_are_told_and_heal(server: WildServer, cluster: Cluster) -> None:
    async def forbid(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/version":
            await server.answer(request, writer)
        else:
            await server.refuse(writer, 403, 'configmaps is forbidden: User "eve" cannot list resource', "Forbidden")

    async def expel(_: Request, writer: asyncio.StreamWriter) -> None:
        await server.refuse(writer, 401, "Unauthorized", "Unauthorized")

    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        for script, health in ((forbid, Health.FORBIDDEN), (expel, Health.UNAUTHORIZED)):
            with server.misbehave(script):
                server.cut()
                await until(lambda wanted=health: maps.state.value.health is wanted)  # type: ignore[misc]
                assert maps.state.value.todo
                assert len(maps.store.rows) == 2
            await live(maps)


async def test_throttling_is_honoured_and_shown(server: WildServer, cluster: Cluster) -> None:
    async def throttle(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/version":
            await server.answer(request, writer)
        else:
            await server.refuse(writer, 429, "Too many requests, please try again later.", "", "Retry-After: 1")

    with server.misbehave(throttle):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: "asked to slow down (429), again in 1 s" in maps.state.value.reason)
            assert maps.state.value.health is Health.RETRYING
            assert len(server.requests) < 4
            assert cluster.meter.throttled_15m() >= 1
            server.script = None
            await live(maps)
    refused = next(each for each in server.requests if each.path != "/version")
    assert server.lists[-1].at - refused.at >= 0.9


async def test_a_clock_that_is_wrong_is_told(server: WildServer, cluster: Cluster) -> None:
    server.date_offset_s = -300.0
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        await until(lambda: "the API's clock is" in maps.state.value.reason)
        assert "behind this machine's" in maps.state.value.reason
        assert -302 < cluster.clock_skew_s < -298


async def test_one_watch_for_all_who_ask(server: WildServer, cluster: Cluster) -> None:
    async with cluster.reflect("configmaps") as first:
        await live(first)
        async with cluster.reflect("cm") as second:
            assert second is first
    # Back before it was dropped: neither listed nor watched again.
    async with cluster.reflect("configmaps") as third:
        assert third is first
    assert (len(server.lists), len(server.watches)) == (1, 1)
    await until(lambda: server.open_watches == 0)
    async with cluster.reflect("configmaps") as fourth:
        assert fourth is not first
        await live(fourth)
    assert (len(server.lists), len(server.watches)) == (2, 2)
