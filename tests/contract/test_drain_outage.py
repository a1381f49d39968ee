"""A drain while a real API server is killed and started again: it waits, goes on, and evicts nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backends.errors import SourceError
from backends.kubernetes import Cluster
from backends.model.drain import DrainOptions
from backends.model.fields import text
from backends.model.run import ItemState
from backends.operations.node_works.drain import DrainWork
from tests.contract.subject import real_subject
from tests.support.control_plane import ControlPlane, running_control_plane
from tests.support.fake_progress import FakeProgress
from tests.support.hurried_clock import HurriedClock
from tests.support.waiting import until

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]

NODE, NAMESPACE = "drained-node", "drained"
OPTIONS = DrainOptions(force=True, timeout_s=1_200.0, at_once=1)


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """An API server of this test's own, without controllers: nobody but the test ends pods."""
    with running_control_plane(tmp_path, controllers=False) as plane:
        yield plane


async def _fill(cluster: Cluster) -> list[str]:
    """Make a node with three pods that nobody controls; return their keys."""
    await cluster.create("nodes", {"metadata": {"name": NODE}})
    await cluster.create("namespaces", {"metadata": {"name": NAMESPACE}})
    await cluster.create("serviceaccounts", {"metadata": {"name": "default"}}, namespace=NAMESPACE)
    names = [f"pod-{number}" for number in range(3)]
    for name in names:
        spec = {
            "nodeName": NODE,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "registry.example/web:v1"}],
        }
        await cluster.create("pods", {"metadata": {"name": name}, "spec": spec}, namespace=NAMESPACE)
    return [f"{NAMESPACE}/{name}" for name in names]


class Kubelet:
    """Ends pods that are being deleted, as the node's kubelet does, while it is told to; counts them by uid."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.works = asyncio.Event()
        self.ended: list[str] = []

    async def run(self) -> None:
        while True:
            await self.works.wait()
            with contextlib.suppress(SourceError):
                for pod in await self._cluster.list_objects("pods", namespace=NAMESPACE):
                    if text(pod, "metadata", "deletionTimestamp"):
                        uid = text(pod, "metadata", "uid")
                        name = text(pod, "metadata", "name")
                        await self._cluster.delete("pods", name, namespace=NAMESPACE, grace_s=0, uid=uid)
                        self.ended.append(uid)
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _running(*tasks: asyncio.Task[object]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_killed_api_server_is_waited_for(own_plane: ControlPlane) -> None:
    progress, clock = FakeProgress(), HurriedClock()
    async with real_subject(own_plane).cluster() as cluster:
        keys = await _fill(cluster)
        work = await DrainWork.plan(cluster, NODE, OPTIONS, clock)
        uids = {uid for _, _, uid in work.change.parameters["pods"]}
        kubelet = Kubelet(cluster)
        ending: asyncio.Task[object] = asyncio.create_task(kubelet.run())
        acting: asyncio.Task[object] = asyncio.create_task(work.act(progress))
        async with _running(ending, acting):
            first = await until(
                lambda: next((key for key in keys if "evicted: ends" in progress.items.get(key, ("", ""))[1]), "")
            )
            own_plane.stop("kube-apiserver")
            try:
                await until(lambda: any(each.startswith("waits: ") for each in progress.lines))
            finally:
                own_plane.start("kube-apiserver")
                await asyncio.to_thread(own_plane.wait_ready)
            await until(lambda: any(each.startswith("the API answers again") for each in progress.lines))
            assert progress.items[first][0] is ItemState.WORKING and not acting.done()
            kubelet.works.set()
            assert await asyncio.wait_for(acting, 60) == f"{NODE} is drained: 3 of 3 pods are gone"
        assert set(kubelet.ended) == uids
        assert all(progress.items[key] == (ItemState.DONE, "gone") for key in keys)
        assert (await work.verify()).ok
        evicting = [pair for note in progress.notes for pair in note.get("evicting", ())]
        assert sorted(key for key, _ in evicting) == keys
