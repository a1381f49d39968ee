"""WATCH: what comes, in which order, in which form, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.lab.api.support import ADMIN, TABLE, Lab, config_map, pod, running_lab


class _Events:
    """The events of one watch, one at a time."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            found: dict[str, Any] = msgspec.json.decode(await anext(self._lines))
            return found

    async def next_names(self, count: int) -> list[tuple[str, str]]:
        events = [await self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            return await anext(self._lines, b"") == b""


@asynccontextmanager
async def _watch(lab: Lab, query: str = "", path: str = "/api/v1/pods", accept: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {ADMIN}", "Accept": accept}
    url = f"{lab.url}{path}?watch=true&{query}"
    async with lab.session.get(url, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Transfer-Encoding"] == "chunked"
        yield _Events(aiter(response.content))


def _changed(lab: Lab, name: str, phase: str) -> None:
    lab.store.change("pods", "default", name, lambda obj: obj["status"].update(phase=phase))


async def test_it_begins_with_what_is_there(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    lab.store.create("pods", pod("web-1"))
    for query in ("", "resourceVersion=0"):
        async with _watch(lab, query) as events:
            assert await events.next_names(2) == [("ADDED", "web-0"), ("ADDED", "web-1")]
            _changed(lab, "web-0", "Failed")
            assert await events.next_names(1) == [("MODIFIED", "web-0")]
            _changed(lab, "web-0", "Running")
            await events.next()


async def test_it_resumes_after_a_revision(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    revision = lab.store.revision
    _changed(lab, "web-0", "Failed")
    lab.store.create("configmaps", config_map("other"))
    lab.store.remove("pods", "default", "web-0")
    async with _watch(lab, f"resourceVersion={revision}") as events:
        assert await events.next_names(2) == [("MODIFIED", "web-0"), ("DELETED", "web-0")]
        lab.store.create("pods", pod("web-1"))
        assert await events.next_names(1) == [("ADDED", "web-1")]


async def test_an_object_that_leaves_the_selector_is_deleted(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    async with _watch(lab, "fieldSelector=status.phase%3DRunning") as events:
        assert await events.next_names(1) == [("ADDED", "web-0")]
        _changed(lab, "web-0", "Failed")
        gone = await events.next()
        assert gone["type"] == "DELETED"
        assert gone["object"]["status"]["phase"] == "Running"
        assert gone["object"]["metadata"]["resourceVersion"] == str(lab.store.revision)
        _changed(lab, "web-0", "Unknown")
        _changed(lab, "web-0", "Running")
        assert await events.next_names(1) == [("ADDED", "web-0")]


async def test_it_is_of_one_namespace_or_one_name(lab: Lab) -> None:
    revision = lab.store.revision
    async with (
        _watch(lab, f"resourceVersion={revision}", "/api/v1/namespaces/default/pods") as own,
        _watch(lab, f"resourceVersion={revision}&fieldSelector=metadata.name%3Dweb-1") as one,
    ):
        lab.store.create("pods", pod("dns-0", "kube-system"))
        lab.store.create("pods", pod("web-0"))
        lab.store.create("pods", pod("web-1"))
        assert await own.next_names(2) == [("ADDED", "web-0"), ("ADDED", "web-1")]
        assert await one.next_names(1) == [("ADDED", "web-1")]


async def test_only_the_first_table_has_columns(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    async with _watch(lab, accept=TABLE) as events:
        first = await events.next()
        assert first["object"]["kind"] == "Table"
        assert first["object"]["columnDefinitions"][0]["name"] == "Name"
        _changed(lab, "web-0", "Failed")
        second = await events.next()
        assert not second["object"]["columnDefinitions"]
        row = second["object"]["rows"][0]
        assert row["cells"][:3] == ["web-0", "1/1", "Running"] or row["cells"][0] == "web-0"
        assert row["object"]["metadata"]["resourceVersion"] == str(lab.store.revision)


async def test_forms_of_one_event_do_not_mix(lab: Lab) -> None:
    revision = lab.store.revision
    query = f"resourceVersion={revision}"
    async with (
        _watch(lab, query) as plain,
        _watch(lab, query, accept=TABLE) as table,
        _watch(lab, query + "&includeObject=None", accept=TABLE) as bare,
    ):
        for name in ("web-0", "web-1"):
            lab.store.create("pods", pod(name))
        assert [(await plain.next())["object"]["kind"] for _ in range(2)] == ["Pod", "Pod"]
        rows = [(await table.next())["object"]["rows"][0] for _ in range(2)]
        assert all(row["object"]["kind"] == "PartialObjectMetadata" for row in rows)
        plainest = [(await bare.next())["object"]["rows"][0] for _ in range(2)]
        assert all("object" not in row for row in plainest)


async def test_bookmarks_let_a_quiet_watch_resume(tmp_path: Path) -> None:
    async with running_lab(tmp_path, bookmark_every_s=0.2) as lab:
        revision = lab.store.revision
        async with _watch(lab, f"resourceVersion={revision}&allowWatchBookmarks=true") as events:
            lab.store.create("configmaps", config_map("other"))
            bookmark = await events.next()
            while int(bookmark["object"]["metadata"]["resourceVersion"]) < lab.store.revision:
                bookmark = await events.next()
            assert bookmark["type"] == "BOOKMARK"
            assert bookmark["object"]["kind"] == "Pod"


async def test_a_table_bookmark_is_a_table(tmp_path: Path) -> None:
    async with running_lab(tmp_path, bookmark_every_s=0.2) as lab:
        query = f"resourceVersion={lab.store.revision}&allowWatchBookmarks=true"
        async with _watch(lab, query, accept=TABLE) as events:
            bookmark = await events.next()
            assert (bookmark["type"], bookmark["object"]["kind"]) == ("BOOKMARK", "Table")
            row = bookmark["object"]["rows"][0]
            assert row["object"]["metadata"]["resourceVersion"] == str(lab.store.revision)


async def test_initial_events_end_with_a_bookmark(lab: Lab) -> None:
    lab.store.create("pods", pod("web-0"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with _watch(lab, query) as events:
        assert await events.next_names(1) == [("ADDED", "web-0")]
        end = await events.next()
        assert end["type"] == "BOOKMARK"
        assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_an_old_server_refuses_initial_events(tmp_path: Path) -> None:
    async with running_lab(tmp_path, version="v1.20.2") as lab:
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        answer = await lab.ask(f"/api/v1/pods?{query}")
        assert answer.status == 422
        assert answer.json["message"] == (
            'ListOptions.meta.k8s.io "" is invalid: [resourceVersionMatch: Forbidden: resourceVersionMatch is '
            "forbidden for watch, resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless "
            "resourceVersion is provided]"
        )


async def test_a_forgotten_revision_is_gone(lab: Lab) -> None:
    revision = lab.store.revision
    lab.store.create("pods", pod("web-0"))
    lab.store.compact()
    async with _watch(lab, f"resourceVersion={revision}") as events:
        error = await events.next()
        assert error["type"] == "ERROR"
        assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")
        assert error["object"]["message"] == f"too old resource version: {revision} ({lab.store.revision})"
        assert await events.ended()


async def test_changes_forgotten_under_way_end_a_watch_with_410(lab: Lab) -> None:
    async with _watch(lab, f"resourceVersion={lab.store.revision}") as events:
        lab.store.create("pods", pod("web-0"))
        lab.store.compact()
        error = await events.next()
        assert (error["type"], error["object"]["code"]) == ("ERROR", 410)
    async with _watch(lab) as events:
        assert await events.next_names(1) == [("ADDED", "web-0")]


async def test_it_times_out(lab: Lab) -> None:
    async with _watch(lab, "timeoutSeconds=1") as events:
        assert await events.ended()
