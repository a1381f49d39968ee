"""Scaling through its work on the lab and on a real server: dry run, act, read back, and conflicts told apart."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Conflict
from backends.kubernetes import Cluster
from backends.operations.ports import KubernetesObject
from backends.operations.workload_works.scale import ScaleWork
from tests.contract.subject import send
from tests.support.fake_progress import FakeProgress


async def _make(cluster: Cluster, namespace: str) -> str:
    """Make a deployment of two replicas that never run; return its path."""
    labels = {"app": "web"}
    container = {"name": "web", "image": "registry.example/web:v1"}
    spec = {"containers": [container], "nodeSelector": {"no-such": "node"}}
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    await send(cluster, "POST", path, body)
    return f"{path}/web"


async def _replicas(cluster: Cluster, namespace: str) -> int:
    return int((await cluster.get("deployment", "web", namespace))["spec"]["replicas"])


@pytest.mark.parametrize("wanted", [5, 1, 0])
async def test_it_is_tried_done_and_read_back(cluster: Cluster, namespace: str, wanted: int) -> None:
    await _make(cluster, namespace)
    work = await ScaleWork.plan(cluster, "deploy", "web", namespace, wanted)
    preview = await work.preview()
    assert [each for each in preview.diff.splitlines()[3:] if each[0] in "+-"] == [
        "-  replicas: 2",
        f"+  replicas: {wanted}",
    ]
    assert await _replicas(cluster, namespace) == 2
    assert await work.act(FakeProgress()) == f"deployment/web in {namespace} scaled from 2 to {wanted}"
    assert (await work.verify()).ok
    assert await _replicas(cluster, namespace) == wanted


async def test_what_another_set_meanwhile_is_left(cluster: Cluster, namespace: str) -> None:
    path = await _make(cluster, namespace)
    work = await ScaleWork.plan(cluster, "deployment", "web", namespace, 5)
    await send(cluster, "PATCH", path, {"spec": {"replicas": 7}}, "application/merge-patch+json")
    with pytest.raises(Conflict, match="cannot scale deployment/web from 2 to 5"):
        await work.act(FakeProgress())
    assert await _replicas(cluster, namespace) == 7


class _Racing:
    """A cluster on which somebody writes to the object between our reading and our writing, so many times."""

    def __init__(self, cluster: Cluster, path: str, times: int) -> None:
        self._cluster = cluster
        self._path = path
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def replace(self, kind: str, name: str, body: KubernetesObject, **options: Any) -> KubernetesObject:
        if self._times:
            self._times -= 1
            label = {"metadata": {"labels": {"touched": str(self._times)}}}
            await send(self._cluster, "PATCH", self._path, label, "application/merge-patch+json")
        return await self._cluster.replace(kind, name, body, **options)


async def test_a_conflict_that_is_not_about_replicas_is_tried_again(cluster: Cluster, namespace: str) -> None:
    path = await _make(cluster, namespace)
    racing: Any = _Racing(cluster, path, times=2)
    work = await ScaleWork.plan(racing, "deployment", "web", namespace, 5)
    progress = FakeProgress()
    await work.act(progress)
    # The real server's controllers may add a conflict of their own.
    assert set(progress.lines) == {"it was written by another just then; looking again"} and len(progress.lines) >= 2
    assert await _replicas(cluster, namespace) == 5


async def test_conflicts_without_end_do_nothing(cluster: Cluster, namespace: str) -> None:
    path = await _make(cluster, namespace)
    racing: Any = _Racing(cluster, path, times=100)
    work = await ScaleWork.plan(racing, "deployment", "web", namespace, 5)
    with pytest.raises(Conflict):
        await work.act(FakeProgress())
    assert await _replicas(cluster, namespace) == 2
