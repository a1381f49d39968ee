"""What happens without anyone asking: small incidents, changes at a rate, things that come back by themselves."""

from __future__ import annotations

import asyncio
import random

import pytest

from backends.lab.clock import LabClock
from backends.lab.estate import build_estate, plan_stamps
from backends.lab.objects import NoSuchObject, ObjectStore
from backends.lab.world.cluster import Cluster
from backends.lab.world.driver import Driver
from backends.lab.world.incidents import Incidents
from backends.lab.world.shapes import new_object
from tests.lab.world.conftest import Living


async def test_incidents_happen_and_the_service_stays_up(lab: Living) -> None:
    incidents = Incidents(lab.world.cluster, lab.world.kubelet)
    least: list[int] = []

    def enough() -> bool:
        least.append(min(tier.answering for tier in lab.world.tiers().values()))
        return len(lab.events("Unhealthy")) >= 3 and "ScalingReplicaSet" in {
            each["reason"] for each in lab.store.each("events")
        }

    for act in (incidents._slow_probe, lambda: incidents._fail_liveness("ratings-api")):
        act()
    incidents._roll_out("ratings-web")
    incidents._fail_liveness("coredns", "kube-system")
    await lab.until(enough, "a warning, a restart and a rollout")
    await lab.until(lambda: len(lab.ready("ratings-")) == 6, "whole again")
    assert min(least) >= 1


async def test_changes_come_at_the_asked_rate() -> None:
    from backends.lab.world.churn import churn

    plan = plan_stamps(1, pods=300)[0]
    store = ObjectStore(LabClock(), random.Random(1))
    build_estate(plan, store)
    cluster = Cluster("orlando", store, store.clock, random.Random(1), plan.version)
    before, started = store.revision, asyncio.get_running_loop().time()
    task = asyncio.create_task(churn(cluster, 500))
    await store.wait(before + 249)
    took_s = asyncio.get_running_loop().time() - started
    task.cancel()
    assert 0.4 < took_s < 2
    assert any(pod["status"]["containerStatuses"][0]["restartCount"] for pod in store.each("pods"))


async def test_changes_need_filler() -> None:
    from backends.lab.world.churn import churn

    store = ObjectStore(LabClock(), random.Random(1))
    with pytest.raises(ValueError, match="no filler pods"):
        await churn(Cluster("orlando", store, store.clock, random.Random(1), "v1.29.15"), 1)


async def test_deleted_mirror_pod_comes_back(lab: Living) -> None:
    name = "kube-scheduler-k8s-master-35064155-0"
    uid = lab.store.get("pods", "kube-system", name)["metadata"]["uid"]
    lab.world.cluster.delete_pod(lab.store.get("pods", "kube-system", name))
    await lab.until(
        lambda: bool(found := lab.ready(name, "kube-system")) and found[0]["metadata"]["uid"] != uid, "mirrored again"
    )


async def test_claims_get_volumes_and_namespaces_their_account(lab: Living) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    lab.store.create("persistentvolumeclaims", new_object("persistentvolumeclaims", "mine", "default", spec=spec))
    await lab.until(
        lambda: lab.store.get("persistentvolumeclaims", "default", "mine").get("status", {}).get("phase") == "Bound",
        "bound",
    )
    lab.store.create("namespaces", new_object("namespaces", "shop", spec={"finalizers": ["kubernetes"]}))
    await lab.until(lambda: lab.store.find("serviceaccounts", "shop", "default") is not None, "account")


async def test_cordon_is_told_once(lab: Living) -> None:
    node = "k8s-linuxpool-35064155-0"
    for cordoned in (True, False):
        lab.store.change("nodes", "", node, lambda obj, value=cordoned: obj["spec"].update(unschedulable=value))  # type: ignore[misc]
        reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
        await lab.until(lambda reason=reason: bool(lab.events(reason)), reason)  # type: ignore[misc]
        assert lab.events(reason) == [f"Node {node} status is now: {reason}"]


class Noted:
    """Remembers what it was asked to look at; fails on request."""

    def __init__(self, driver: Driver) -> None:
        self.seen: list[str] = []
        self._driver = driver
        self.done = asyncio.Event()

    def reconcile(self, key: tuple[str, str]) -> None:
        self.seen.append(key[1])
        if key[1] == "bug":
            raise RuntimeError("a bug")
        if key[1] == "race":
            raise NoSuchObject("gone")
        if key[1] == "last":
            self.done.set()


async def test_driver_looks_once_per_round_goes_on_after_a_bug_and_keeps_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver = Driver(LabClock(100))
    noted = Noted(driver)
    driver.enqueue_after(20, noted, ("", "last"))
    driver.enqueue_after(10, noted, ("", "first"))
    for name in ("a", "bug", "a", "race", "b"):
        driver.enqueue(noted, ("", name))
    task = asyncio.create_task(driver.run())
    await asyncio.wait_for(noted.done.wait(), 5)
    task.cancel()
    assert noted.seen == ["a", "bug", "race", "b", "first", "last"]
    assert [str(each) for each in driver.failures] == ["a bug"]
    assert "the simulated world failed" in caplog.text
