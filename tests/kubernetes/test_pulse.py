"""What keeps a stamp's watches alive is not ended by a defect, and nothing outlives the cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from backends.kubernetes import Cluster
from backends.kubernetes.connection import Connection
from backends.model.health import Health
from tests.kubernetes.wild_server import WildServer, opened
from tests.support.waiting import until


async def test_a_beat_that_fails_as_nobody_expected_is_not_the_last(
    server: WildServer, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def defect(*args: Any, **options: Any) -> Any:
        raise RuntimeError("a defect of a library")

    async with cluster.reflect("configmaps") as maps:
        await until(lambda: maps.state.value.is_live)
        with monkeypatch.context() as broken:
            broken.setattr(Connection, "beat", defect)
            await until(lambda: maps.state.value.health is Health.DOWN)
            assert len(maps.store.rows) == 2
        await until(lambda: maps.state.value.is_live)


async def test_nothing_outlives_the_cluster(server: WildServer, tmp_path: Path) -> None:
    before = {task for task in asyncio.all_tasks() if task.get_name().endswith(" on orlando")}
    async with opened(server.kubeconfig(tmp_path)) as cluster:
        kept = cluster.reflect("configmaps")
        maps = await kept.__aenter__()
        await until(lambda: maps.state.value.is_live)
    await kept.__aexit__(None, None, None)  # left later than the cluster was closed
    after = {task for task in asyncio.all_tasks() if task.get_name().endswith(" on orlando")}
    assert after == before
