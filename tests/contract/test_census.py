"""Counting without following: how many there are by one small request, and printed lines without their objects."""

from __future__ import annotations

import pytest

from backends.errors import Malformed
from backends.kubernetes import Cluster, census
from backends.model.typed import column_key
from backends.operations.pod_census import SETTLED, UNSETTLED
from tests.contract.subject import Subject, send


async def test_a_kind_is_counted_by_one_small_request(cluster: Cluster, namespace: str) -> None:
    before = await cluster.count("configmaps")
    assert before is not None
    for number in range(3):
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        await send(cluster, "POST", path, {"metadata": {"name": f"map-{number}"}})
    asked = cluster.meter.per_minute()
    counted = await cluster.count("cm")
    assert cluster.meter.per_minute() <= asked + 1
    assert counted is not None
    assert counted >= before + 3


async def test_printed_lines_come_by_pages_and_hold_what_pods_are_counted_by(
    cluster: Cluster, namespace: str, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "_PAGE", 1)
    await subject.pod(cluster, namespace, "settled-1")
    await subject.pod(cluster, namespace, "settled-2")
    await subject.pod(cluster, namespace, "waiting", running=False)
    pages = [page async for page in cluster.printed("pods", field_selector=SETTLED)]
    assert len(pages) >= 2
    assert {page.columns for page in pages} == {pages[0].columns}
    keys = [column_key(column.name) for column in pages[0].columns]
    assert {"name", "ready", "status", "restarts", "age", "ip", "node"} <= set(keys)
    lines = {str(line[0]): dict(zip(keys, line, strict=True)) for page in pages for line in page.lines}
    assert {"settled-1", "settled-2"} <= lines.keys()
    assert "waiting" not in lines
    assert (lines["settled-1"]["ready"], lines["settled-1"]["status"]) == ("1/1", "Running")
    others = [line[0] async for page in cluster.printed("pods", field_selector=UNSETTLED) for line in page.lines]
    assert "waiting" in others
    assert not lines.keys() & set(others)


async def test_those_that_follow_all_of_a_kind_are_known(cluster: Cluster) -> None:
    assert cluster.followers("pods") == 0
    async with cluster.reflect("po"), cluster.reflect("pods", namespace="default"), cluster.reflect("pods"):
        assert cluster.followers("pods") == 2
    assert cluster.followers("po") == 0


async def test_a_kind_without_lines_is_told_as_such(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "ACCEPT_TABLE", "application/json")
    with pytest.raises(Malformed):
        _ = [page async for page in cluster.printed("namespaces")]
