"""Watches: every change arrives, from where we left off, and a forgotten past says so."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from backends.errors import Expired
from backends.kubernetes import Cluster
from backends.kubernetes.failures import Status
from backends.kubernetes.lines import LineSplitter
from backends.kubernetes.tables import ACCEPT_TABLE, Change, RowReader
from tests.contract.subject import PATCHES, Subject, send
from tests.support.waiting import until


async def _watch(cluster: Cluster, path: str, version: str, until_type: str, **query: str) -> list[dict[str, Any]]:
    """Read a raw watch until an event of a type came, or the server ended it."""
    asked = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "5"} | query
    splitter = LineSplitter()
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(30), cluster.connection.stream(path, asked, doing="watch") as stream:
        async for chunk in stream.chunks:
            found += [json.loads(line) for line in splitter.push(chunk).splitlines() if line]
            if found and found[-1]["type"] == until_type:
                break
    return found


async def test_every_change_arrives(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    async with cluster.reflect("configmaps", namespace=namespace, selector="of=contract") as maps:
        await until(lambda: maps.state.value.is_live)
        changes = maps.store.follow()
        changes.drain()
        await send(cluster, "POST", path, {"metadata": {"name": "one", "labels": {"of": "contract"}}})
        row = await until(lambda: next(iter(maps.store.rows.values()), None))
        assert (row.name, row.cells[1]) == ("one", 0)
        await send(cluster, "PATCH", f"{path}/one", {"data": {"a": "1", "b": "2"}}, PATCHES["merge"])
        await until(lambda: maps.store.rows[row.uid].cells[1] == 2)
        assert maps.store.rows[row.uid].version != row.version
        # Leaving the selector is leaving the collection.
        await send(cluster, "PATCH", f"{path}/one", {"metadata": {"labels": {"of": "other"}}}, PATCHES["merge"])
        await until(lambda: not maps.store.rows)
        await send(cluster, "PATCH", f"{path}/one", {"metadata": {"labels": {"of": "contract"}}}, PATCHES["merge"])
        await until(lambda: len(maps.store.rows) == 1)
        await send(cluster, "DELETE", f"{path}/one")
        await until(lambda: not maps.store.rows)
        assert changes.drain().rows == {row.uid: None}


async def test_a_watch_resumes_where_it_was(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    listed = await send(cluster, "GET", path)
    for name in ("one", "two"):
        await send(cluster, "POST", path, {"metadata": {"name": name}})
    await send(cluster, "DELETE", f"{path}/one")
    query = {"fieldSelector": "metadata.name!=kube-root-ca.crt"}
    seen = await _watch(cluster, path, listed["metadata"]["resourceVersion"], "DELETED", **query)
    assert [(each["type"], each["object"]["metadata"]["name"]) for each in seen] == [
        ("ADDED", "one"),
        ("ADDED", "two"),
        ("DELETED", "one"),
    ]
    again = await _watch(cluster, path, seen[0]["object"]["metadata"]["resourceVersion"], "DELETED", **query)
    assert [each["object"]["metadata"]["resourceVersion"] for each in again] == [
        each["object"]["metadata"]["resourceVersion"] for each in seen[1:]
    ]


async def test_a_forgotten_version_is_expired(subject: Subject, cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    listed = await send(cluster, "GET", path)
    for name in ("one", "two", "three"):
        await send(cluster, "POST", path, {"metadata": {"name": name}})
    await subject.compact()
    try:
        seen = await _watch(cluster, path, listed["metadata"]["resourceVersion"], "ERROR")
    except Expired:
        return  # said at once, as servers with a watch cache do
    status = seen[-1]["object"]
    failure = Status(status["kind"], status["message"], status["reason"], status["code"])
    assert isinstance(cluster.connection.failed(failure, "watch"), Expired)
    assert status["reason"] in ("Expired", "Gone")


async def test_bookmarks_carry_a_newer_version(cluster: Cluster, namespace: str, subject: Subject) -> None:
    path = f"/api/v1/namespaces/{namespace}/secrets"
    made = await send(cluster, "POST", path, {"metadata": {"name": "one"}})
    elsewhere = f"/api/v1/namespaces/{await subject.namespace(cluster)}/secrets"
    reader, splitter = RowReader("orlando", "secrets"), LineSplitter()
    query = {
        "watch": "true",
        "resourceVersion": made["metadata"]["resourceVersion"],
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "3",
        "includeObject": "Metadata",
        "fieldSelector": "metadata.name=one",
    }
    changes: list[Change] = []
    async with cluster.connection.stream(path, query, accept=ACCEPT_TABLE, doing="watch") as stream:
        # The watch sees nothing of this but the bookmark's version. 1.20 sends none when nothing happens at all.
        newer = await send(cluster, "POST", elsewhere, {"metadata": {"name": "two"}})
        async for chunk in stream.chunks:
            if lines := splitter.push(chunk):
                changes += reader.changes(lines, is_table=True, now=0.0)
    assert changes, "no bookmark came"
    assert all(change.row is None and not change.gone and change.failure is None for change in changes)
    assert int(changes[-1].version) >= int(newer["metadata"]["resourceVersion"])


async def test_a_watch_ends_when_asked(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    listed = await send(cluster, "GET", path)
    seen = await _watch(cluster, path, listed["metadata"]["resourceVersion"], "never", timeoutSeconds="1")
    assert not [each for each in seen if each["type"] != "BOOKMARK" and each["object"]["metadata"]["name"] == "one"]


@pytest.mark.parametrize("kind", ["nodes", "deployments", "events", "hpa", "ns", "leases.coordination.k8s.io"])
async def test_kinds_of_the_fleet_are_followed(cluster: Cluster, kind: str) -> None:
    async with cluster.reflect(kind) as followed:
        await until(lambda: followed.state.value.is_live)
        assert [column.name for column in followed.store.columns]
