"""The operations against a real kube-apiserver: numbers, causes in its own words, killed and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.kubernetes import Cluster
from backends.model.fleet import StampSnapshot
from backends.model.health import Health
from backends.model.stamp import ClusterAccess, Stamp
from backends.operations.details import Details
from backends.operations.doctor import Doctor, Outcome
from backends.operations.fleet import Fleet
from backends.operations.resources import ResourceRequest, Resources
from tests.support.control_plane import ControlPlane, control_plane
from tests.support.waiting import until

__all__ = ["control_plane"]

pytestmark = [pytest.mark.kube_apiserver, pytest.mark.xdist_group("control_plane")]


@dataclass(frozen=True, slots=True)
class Real:
    """A cluster of its own stamp, and the plane behind it."""

    plane: ControlPlane
    clusters: dict[str, Cluster]
    clock: SystemClock

    def make(self, path: str, body: dict[str, Any]) -> None:
        self.plane.ask("POST", path, body)


@pytest.fixture
async def real(control_plane: ControlPlane) -> AsyncIterator[Real]:
    stamp, clock = Stamp("orlando", ClusterAccess(control_plane.kubeconfig, "admin")), SystemClock()
    async with Cluster(stamp, clock) as cluster:
        yield Real(control_plane, {"orlando": cluster}, clock)


def a_deployment(name: str, node_selector: dict[str, str] | None = None) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "web", "image": "registry.example/web:v1"}], "nodeSelector": node_selector or {}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


async def test_a_deployment_nobody_can_place_is_counted_and_explained(real: Real) -> None:
    if not real.plane.ask("GET", "/api/v1/nodes")["items"]:
        real.make("/api/v1/nodes", {"metadata": {"name": "node-0"}})
    fleet = Fleet(real.clusters, {}, real.clock)
    task = asyncio.create_task(fleet.run())
    try:
        snapshot = (await fleet.settled(20)).stamp("orlando")
        assert snapshot.api.health is Health.LIVE
        assert snapshot.kubernetes_version.startswith("v1.")
        assert snapshot.sources["metrics"].health is Health.OFF

        await until(lambda: fleet.state.value.stamp("orlando").nodes_ready, 20)
        real.make("/apis/apps/v1/namespaces/default/deployments", a_deployment("lonely", {"disk": "gold"}))

        def pending() -> bool:
            stamp = fleet.state.value.stamp("orlando")
            return bool(stamp.pods and stamp.pods.pending and stamp.warnings_15m)

        await until(pending, 20)
        assert fleet.state.value.stamp("orlando").workloads_ready != fleet.state.value.stamp("orlando").workloads_total
        detail = await Details(real.clusters, real.clock).describe("orlando", "deploy", "lonely", "default")
        texts = [finding.text for finding in detail.findings]
        assert texts[0] == "0 of 1 pods are ready"
        assert any("no node takes it: 1 node(s) didn't match" in text for text in texts[1:])
        assert {child.kind for child in detail.children} == {"ReplicaSet", "Pod"}
        assert detail.gaps == ()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        real.plane.ask("DELETE", "/apis/apps/v1/namespaces/default/deployments/lonely")


async def test_pods_that_are_counted_are_those_that_are_watched(real: Real) -> None:
    if not real.plane.ask("GET", "/api/v1/nodes")["items"]:
        real.make("/api/v1/nodes", {"metadata": {"name": "node-0"}})
    real.make("/apis/apps/v1/namespaces/default/deployments", a_deployment("placed"))
    real.make("/apis/apps/v1/namespaces/default/deployments", a_deployment("stuck", {"disk": "gold"}))
    await until(lambda: len(real.plane.ask("GET", "/api/v1/pods")["items"]) >= 2, 20)
    access = ClusterAccess(real.plane.kubeconfig, "admin", watch_pods_up_to=0)
    async with Cluster(Stamp("seattle", access), real.clock) as counted:
        fleet = Fleet(real.clusters | {"seattle": counted}, {}, real.clock)
        task = asyncio.create_task(fleet.run())
        try:
            assert (await fleet.settled(20)).stamp("seattle").pods_counted_at is not None

            def stamps() -> tuple[StampSnapshot, StampSnapshot]:
                return fleet.state.value.stamp("orlando"), fleet.state.value.stamp("seattle")

            def both_know(running: int) -> bool:
                watched, seen = stamps()
                pods = watched.pods
                return bool(pods and pods.running >= running and pods.pending and seen.pods == pods)

            await until(lambda: both_know(1), 45)
            first, seen = stamps()[0].pods, stamps()[1]
            assert first is not None
            path = "/apis/apps/v1/namespaces/default/deployments/placed"
            real.plane.ask("PATCH", path, {"spec": {"replicas": 4}}, "application/merge-patch+json")
            # Its pods become ready, which is news and brings the next pass forward.
            await until(lambda: both_know(first.running + 3), 45)
            assert (stamps()[1].pods_counted_at or 0.0) > (seen.pods_counted_at or 0.0)
            watched, seen = stamps()
            assert (watched.pods_counted_at, seen.pods_counted_at is not None) == (None, True)
            assert seen.sources["pods"].is_live
            assert seen.restarts_15m == watched.restarts_15m
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for name in ("placed", "stuck"):
                real.plane.ask("DELETE", f"/apis/apps/v1/namespaces/default/deployments/{name}")


async def test_the_doctor_of_a_real_server(real: Real) -> None:
    checks = {check.source: check async for check in Doctor(real.clusters, {}, real.clock).examine()}
    assert checks["api"].outcome is Outcome.OK
    assert checks["tables"].outcome is Outcome.OK
    assert checks["pods"].outcome is Outcome.OK
    assert checks["metrics"].outcome is Outcome.OFF
    assert "certificate" in checks


async def test_a_killed_api_server_leaves_the_rows_and_is_followed_again(real: Real) -> None:
    async with Resources(real.clusters, real.clock).open(ResourceRequest("ns", ("orlando",))) as view:
        await view.settled(20)
        view.drain()
        before = set(view.rows)
        assert any(row.name == "kube-system" for row in view.rows.values())
        await asyncio.to_thread(real.plane.stop, "kube-apiserver")
        await until(lambda: view.states["orlando"].health is Health.DOWN, 15)
        view.drain()
        assert set(view.rows) == before
        real.plane.start("kube-apiserver")
        await asyncio.to_thread(real.plane.wait_ready)
        await until(lambda: view.states["orlando"].health is Health.LIVE, 15)
        real.make("/api/v1/namespaces", {"metadata": {"name": "seen-after"}})

        def seen() -> bool:
            view.drain()
            return any(row.name == "seen-after" for row in view.rows.values())

        await until(seen, 10)
