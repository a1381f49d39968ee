"""What lists are made of: servers without Tables, odd rows, and pages that do not come to an end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from backends.errors import Malformed
from backends.kubernetes import Cluster
from backends.model.health import Health
from tests.kubernetes.following import live, names
from tests.kubernetes.wild_server import COLUMNS, Request, Script, WildServer, event, row
from tests.support.waiting import until


async def test_a_server_without_tables(server: WildServer, cluster: Cluster) -> None:
    plain = {"metadata": {"name": "plain", "namespace": "default", "uid": "u1", "resourceVersion": "7"}}

    async def old(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path != "/api/v1/configmaps":
            await server.answer(request, writer)
        elif "as=Table" in request.headers["accept"]:
            await server.refuse(writer, 406, "only the following media types are accepted: application/json")
        elif "watch" in request.query:
            writer.write(server.head(200, "Transfer-Encoding: chunked"))
            changed = (
                json.dumps({"type": "ADDED", "object": plain | {"kind": "ConfigMap", "data": {}}}).encode() + b"\n"
            )
            writer.write(b"%x\r\n%s\r\n" % (len(changed), changed))
            server._watchers.add(writer)
        else:
            await server.send(writer, {"kind": "ConfigMapList", "metadata": {"resourceVersion": "5"}, "items": []})

    with server.misbehave(old):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: names(maps) == ["plain"])
            assert [column.name for column in maps.store.columns] == ["Name", "Age"]
            await live(maps)


async def test_a_server_that_ignores_the_wish_for_tables(server: WildServer, cluster: Cluster) -> None:
    item = {
        "metadata": {"name": "plain", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-01-02T03:04:05Z"}
    }

    async def stubborn(request: Request, writer: asyncio.StreamWriter) -> None:
        if "watch" in request.query or request.path != "/api/v1/configmaps":
            await server.answer(request, writer)
        else:
            await server.send(writer, {"kind": "ConfigMapList", "metadata": {"resourceVersion": "5"}, "items": [item]})

    with server.misbehave(stubborn):
        async with cluster.reflect("configmaps") as maps:
            found = await until(lambda: next(iter(maps.store.rows.values()), None))
            assert found.created_at == 1767323045.0
            assert found.cells[0] == "plain"


async def test_odd_rows_are_taken_as_they_are(server: WildServer, cluster: Cluster) -> None:
    odd = row("odd", 7, labels={"a": "b"})
    odd["cells"] = ["odd", {"nested": [1]}, None]
    async with cluster.reflect("configmaps") as maps:
        await live(maps)
        huge = row("huge", 8, labels={"long": "x" * 700_000})
        line = event("ADDED", odd) + event("ADDED", huge)
        for at in range(0, len(line), 50_000):
            server.tell(line[at : at + 50_000])
        await until(lambda: {"odd", "huge"} <= set(names(maps)))
        assert maps.store.rows["orlando/uid-odd"].cells == ("odd", '{"nested":[1]}', None)
        owned = [
            {"kind": "Node", "name": "n", "controller": False},
            {"kind": "ReplicaSet", "name": "web", "controller": True},
        ]
        server.put("owned", ownerReferences=owned, deletionTimestamp="2026-01-02T03:04:05Z", labels={"app": "web"})
        found = await until(lambda: maps.store.rows.get("orlando/uid-owned"))
        assert (found.owner, found.deleting, found.labels) == ("ReplicaSet/web", True, {"app": "web"})
        server.remove("owned")
        await until(lambda: "owned" not in names(maps))


Page = Callable[[int], dict[str, Any]]


def _paged(server: WildServer, page: Page) -> Script:
    """Answer lists by pages as told, each asked for with the token of the one before: `page 1`, `page 2`, …"""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path != "/api/v1/configmaps" or "watch" in request.query:
            await server.answer(request, writer)
            return
        after = request.query.get("continue", "0").removeprefix("page ")
        answer = page(int(after) + 1)
        if "as=Table" not in request.headers["accept"]:
            items = [each["object"] for each in answer.pop("rows")]
            answer = {"kind": "ConfigMapList", "metadata": answer["metadata"], "items": items}
        await server.send(writer, answer)

    return script


def _page(number: int, *rows: dict[str, Any], token: str = "", **metadata: Any) -> dict[str, Any]:
    about = {"resourceVersion": "900", "continue": token} | metadata
    return {"kind": "Table", "metadata": about, "columnDefinitions": COLUMNS if number == 1 else None, "rows": [*rows]}


ENDLESS: dict[str, tuple[Page, str]] = {
    "the same token": (
        lambda number: _page(number, row(f"map-{number}", number), token="page 7"),
        "the same continue token twice",
    ),
    "empty pages": (lambda number: _page(number, token=f"page {number}"), "brought nothing new"),
    "more than announced": (
        lambda number: _page(number, row(f"map-{number}", number), token=f"page {number}", remainingItemCount=3),
        "far more than it announced",
    ),
}


@pytest.mark.parametrize("case", ENDLESS)
async def test_a_list_without_end_is_given_up_with_its_reason(server: WildServer, cluster: Cluster, case: str) -> None:
    page, reason = ENDLESS[case]
    with server.misbehave(_paged(server, page)):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: maps.state.value.health is Health.DOWN)
            assert reason in maps.state.value.reason
            assert "look at proxies on the way" in maps.state.value.todo
        with pytest.raises(Malformed, match=reason):
            await cluster.list_objects("configmaps", limit=100_000)
    async with cluster.reflect("configmaps") as maps:
        await live(maps)


async def test_the_same_rows_on_every_page_are_a_list_without_end(server: WildServer, cluster: Cluster) -> None:
    page = _paged(server, lambda number: _page(number, row("one", 1), token=f"page {number}"))
    with server.misbehave(page):
        async with cluster.reflect("configmaps") as maps:
            await until(lambda: "brought nothing new" in maps.state.value.reason)


async def test_many_pages_some_of_them_empty_come_to_their_end(server: WildServer, cluster: Cluster) -> None:
    def page(number: int) -> dict[str, Any]:
        rows = [row(f"map-{number:03}", number)] if number % 3 else []
        return _page(number, *rows, token=f"page {number}" if number < 120 else "", remainingItemCount=120 - number)

    with server.misbehave(_paged(server, page)):
        async with cluster.reflect("configmaps") as maps:
            await live(maps)
            assert len(maps.store.rows) == 80
        assert len(await cluster.list_objects("configmaps", limit=1000)) == 80
