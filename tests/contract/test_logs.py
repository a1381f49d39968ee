"""Logs of containers through the API, and why there are none."""

from __future__ import annotations

import pytest

from backends.errors import Invalid, NotFound
from backends.kubernetes import Cluster
from backends.model.logs import LogLine, LogRequest
from tests.contract.subject import Subject
from tests.support.fake_kubelet import LINES_AT_ONCE


async def _read(cluster: Cluster, request: LogRequest) -> list[LogLine]:
    return [line async for batch in cluster.logs(request) for line in batch]


async def test_lines_with_their_times(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    lines = await _read(cluster, LogRequest(namespace, "web-1", "web", follow=False))
    assert [line.text for line in lines] == [f"web-1 line {number}" for number in range(LINES_AT_ONCE)]
    assert all(line.at > 1_700_000_000 for line in lines)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert (lines[0].stamp, lines[0].namespace, lines[0].pod, lines[0].container) == (
        "orlando",
        namespace,
        "web-1",
        "web",
    )
    assert lines[0].timestamp.endswith("Z")
    tail = await _read(cluster, LogRequest(namespace, "web-1", "web", follow=False, tail_lines=3))
    assert [line.text for line in tail] == [f"web-1 line {LINES_AT_ONCE - number}" for number in (3, 2, 1)]


async def test_why_there_are_none(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    await subject.pod(cluster, namespace, "waiting", running=False)
    with pytest.raises(NotFound, match='pods "nobody" not found'):
        await _read(cluster, LogRequest(namespace, "nobody", "web"))
    with pytest.raises(Invalid, match="container other is not valid for pod web-1"):
        await _read(cluster, LogRequest(namespace, "web-1", "other"))
