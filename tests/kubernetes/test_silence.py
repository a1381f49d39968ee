"""A watch that says nothing: quiet is proved cheaply, deaf is found out soon, and rows are right again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from backends.kubernetes import Timing
from backends.model.health import Health
from tests.kubernetes.following import live, names, remembered
from tests.kubernetes.wild_server import FAST, Request, Script, WildServer, event, is_short, opened, row
from tests.support.waiting import until

QUICK = replace(FAST, quiet_s=0.2, beat_answer_s=0.3)


def _put_unheard(server: WildServer, name: str) -> None:
    """Change the collection, and tell no watch that is open."""
    server.version += 1
    server.rows[name] = row(name, server.version)


async def test_a_quiet_collection_is_proved_quiet_and_never_listed_again(server: WildServer, tmp_path: Path) -> None:
    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        async with remembered(maps) as states:
            await until(lambda: len(server.short_watches) >= 3)
            assert {each.query["resourceVersion"] for each in server.short_watches} == {str(server.version)}
            proved = len({state.as_of for state in states})
            await until(lambda: len({state.as_of for state in states}) > proved)
        assert {state.health for state in states} == {Health.LIVE}
        assert (len(server.lists), len(server.watches)) == (1, 1)


async def test_rows_are_as_of_their_last_proof_not_of_the_last_beat(server: WildServer, tmp_path: Path) -> None:
    timing = replace(FAST, quiet_s=60.0)
    async with opened(server.kubeconfig(tmp_path), timing) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        as_of, before = maps.state.value.as_of, len(server.requests)
        await until(lambda: len(server.requests) > before + 2)
        assert {each.path for each in server.requests[before:]} == {"/version"}
        assert (maps.state.value.health, maps.state.value.as_of) == (Health.LIVE, as_of)


async def test_a_watch_that_lost_its_server_is_opened_anew_from_where_it_was(
    server: WildServer, tmp_path: Path
) -> None:
    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        seen = str(server.version)
        async with remembered(maps) as states:
            _put_unheard(server, "unheard")
            await until(lambda: "unheard" in names(maps))
            await live(maps)
        assert any(state.health is Health.STALE and "did not carry" in state.reason for state in states)
        assert len(server.lists) == 1
        assert server.watches[-1].query["resourceVersion"] == seen


async def test_a_change_that_the_watch_brings_a_moment_later_is_no_alarm(server: WildServer, tmp_path: Path) -> None:
    late = 0

    async def overtaken(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal late
        if not is_short(request):
            await server.answer(request, writer)
            return
        _put_unheard(server, "late")
        await server.answer(request, writer)
        await asyncio.sleep(0.1)  # the way to the watch is a little longer
        server.tell(event("ADDED", server.rows["late"]))
        late += 1

    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        async with remembered(maps) as states:
            with server.misbehave(overtaken):
                await until(lambda: late >= 2)
        assert {state.health for state in states} == {Health.LIVE}
        assert (len(server.lists), len(server.watches)) == (1, 1)


async def test_behind_a_proxy_that_holds_streams_back_the_list_is_read_again(
    server: WildServer, tmp_path: Path
) -> None:
    async def hold_back(request: Request, writer: asyncio.StreamWriter) -> None:
        if "watch" not in request.query or is_short(request):
            await server.answer(request, writer)  # a short watch ends, and its end is handed over
        else:
            writer.write(server.head(200, "Transfer-Encoding: chunked"))
            await writer.drain()
            await asyncio.Event().wait()

    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster:
        with server.misbehave(hold_back):
            async with cluster.reflect("configmaps") as maps:
                await live(maps)
                for name in ("three", "four"):
                    _put_unheard(server, name)
                    await until(lambda wanted=name: wanted in names(maps))  # type: ignore[misc]
                assert len(server.lists) >= 2
        server.cut()
        _put_unheard(server, "five")
        await until(lambda: "five" in names(maps))


def _mute(server: WildServer) -> Script:
    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        if "watch" not in request.query:
            await server.answer(request, writer)
            return
        writer.write(server.head(200, "Transfer-Encoding: chunked"))
        await writer.drain()
        await asyncio.Event().wait()

    return script


async def test_an_api_whose_watches_are_mute_is_stale_and_listed(server: WildServer, tmp_path: Path) -> None:
    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        with server.misbehave(_mute(server)):
            _put_unheard(server, "three")
            await until(lambda: maps.state.value.health is Health.STALE)
            assert "without a word" in maps.state.value.reason
            assert "proxies" in maps.state.value.todo
            await until(lambda: "three" in names(maps))
            first = maps.state.value.as_of or 0.0
            await until(lambda: (maps.state.value.as_of or 0.0) > first)  # listed once more
            assert maps.state.value.health is Health.STALE  # beats do not make it live
        await live(maps)


async def test_a_version_that_was_forgotten_is_listed_without_alarm(server: WildServer, tmp_path: Path) -> None:
    async def forgetful(request: Request, writer: asyncio.StreamWriter) -> None:
        if is_short(request) and len(server.lists) < 2:
            await server.refuse(writer, 410, "too old resource version: 102 (900)", "Expired")
        else:
            await server.answer(request, writer)

    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        async with remembered(maps) as states:
            with server.misbehave(forgetful):
                await until(lambda: len(server.lists) == 2)
                await until(lambda: len(server.watches) == 2)
        assert {state.health for state in states} == {Health.LIVE}


async def test_what_cannot_be_asked_makes_stale_only_when_it_goes_on(server: WildServer, tmp_path: Path) -> None:
    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        if is_short(request):
            await server.refuse(writer, 500, "etcdserver: request timed out")
        else:
            await server.answer(request, writer)

    async with opened(server.kubeconfig(tmp_path), QUICK) as cluster, cluster.reflect("configmaps") as maps:
        await live(maps)
        with server.misbehave(refuse):
            await until(lambda: len(server.short_watches) == 1)
            assert maps.state.value.is_live
            await until(lambda: maps.state.value.health is Health.STALE)
            assert "cannot be asked: etcdserver: request timed out" in maps.state.value.reason
        await live(maps)
        assert len(server.lists) == 1


async def test_whatever_all_say_a_long_silence_is_listed_again(server: WildServer, tmp_path: Path) -> None:
    timing = replace(QUICK, silence_s=1.0)
    async with opened(server.kubeconfig(tmp_path), timing) as cluster, cluster.reflect("configmaps") as maps:
        began = time.monotonic()
        await until(lambda: len(server.lists) == 3)
        assert time.monotonic() - began > 1.5
        assert maps.state.value.is_live


def test_silence_is_looked_into_long_before_it_is_news() -> None:
    assert Timing().quiet_s <= 15
    assert Timing().silence_s >= 300
