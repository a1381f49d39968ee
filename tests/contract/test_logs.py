"""Logs of containers through the API, and why there are none."""

from __future__ import annotations

import asyncio

import pytest

from backends.errors import Invalid, NotFound
from backends.kubernetes import Cluster
from backends.model.logs import LogLine, LogRequest
from tests.contract.subject import Subject
from tests.support.waiting import eventually

_ENOUGH = 20
"""Lines; as many as the played kubelet of the real control plane wrote before it is asked."""


async def _read(cluster: Cluster, request: LogRequest) -> list[LogLine]:
    return [line async for batch in cluster.logs(request) for line in batch]


async def _written(cluster: Cluster, namespace: str) -> list[LogLine]:
    """Return everything web-1 wrote, once that is enough to choose from."""

    async def enough() -> list[LogLine] | None:
        lines = await _read(cluster, LogRequest(namespace, "web-1", "web", follow=False))
        return lines if len(lines) >= _ENOUGH else None

    return await eventually(enough)


async def test_lines_with_their_times(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    lines = await _written(cluster, namespace)
    assert len({line.text for line in lines}) == len(lines)
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
    whole = await _written(cluster, namespace)
    assert len(tail) == 3
    where = [line.text for line in whole].index(tail[0].text)
    assert [line.text for line in whole[where : where + 3]] == [line.text for line in tail]


async def test_a_log_is_followed_as_it_grows(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    before = [line.text for line in await _written(cluster, namespace)]
    followed: list[LogLine] = []
    async with asyncio.timeout(20):
        async for batch in cluster.logs(LogRequest(namespace, "web-1", "web", tail_lines=5)):
            followed += batch
            if len(followed) >= 30:
                break
    texts = [line.text for line in followed]
    assert len(set(texts)) == len(texts), "nothing comes twice"
    assert set(texts) - set(before), "it grows while it is followed"
    assert [line.at for line in followed] == sorted(line.at for line in followed)
    # And nothing is left out: what was followed is a piece of what is written.
    whole = [line.text for line in await _written(cluster, namespace)]
    known = [text for text in texts if text in whole]
    assert len(known) >= 5
    assert whole[whole.index(known[0]) :][: len(known)] == known


async def test_why_there_are_none(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web-1")
    await subject.pod(cluster, namespace, "waiting", running=False)
    with pytest.raises(NotFound, match='pods "nobody" not found'):
        await _read(cluster, LogRequest(namespace, "nobody", "web"))
    with pytest.raises(Invalid, match="container other is not valid for pod web-1"):
        await _read(cluster, LogRequest(namespace, "web-1", "other"))
