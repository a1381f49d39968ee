"""A drain on the lab and on a real control plane: a budget that blocks, then allows; cordon and uncordon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backends.errors import BudgetBlocked, Conflict
from backends.kubernetes import Cluster
from backends.model.drain import DrainOptions, Fate, plan_drain
from backends.model.fields import condition, text
from backends.model.preconditions.nodes import is_control_plane, takes_pods
from backends.model.proposal import Level
from backends.model.run import ItemState
from backends.operations.node_works.cordon import CordonWork, UncordonWork
from backends.operations.node_works.drain import DrainWork
from backends.operations.node_works.facts import read_facts, read_pods
from backends.operations.work import Work
from tests.contract.subject import Subject
from tests.support.fake_progress import FakeProgress
from tests.support.hurried_clock import HurriedClock
from tests.support.waiting import eventually, until

ALL = DrainOptions(force=True, delete_local_data=True, grace_s=1, timeout_s=900.0, at_once=20)


@pytest.fixture
async def node(subject: Subject, cluster: Cluster, namespace: str) -> AsyncIterator[str]:
    """A node that may be emptied: one of the test's own, or a worker of the lab, which is given back."""
    if subject.name == "real":
        await subject.node(cluster)
        name = f"drained-{namespace}"
        labels = {"kubernetes.io/hostname": name}
        await cluster.create("nodes", {"metadata": {"name": name, "labels": labels}})
    else:
        nodes = await cluster.list_objects("nodes")
        name = next(text(each, "metadata", "name") for each in nodes if not is_control_plane(each))

    async def is_free() -> bool:
        found = await cluster.get("nodes", name)
        return takes_pods(found) and not found["spec"].get("taints")

    await eventually(is_free)
    yield name
    if subject.name == "real":
        await cluster.delete("nodes", name)
        return
    back = await UncordonWork.plan(cluster, name)
    await back.act(FakeProgress())
    assert (await back.verify()).ok


@pytest.fixture
async def web(cluster: Cluster, namespace: str, node: str) -> None:
    """Two ready pods that can run on this node only, and a budget that lets one of them go."""
    labels = {"app": "web"}
    spec = {
        "containers": [{"name": "web", "image": "registry.example/web:v1", "resources": {"requests": {"cpu": "10m"}}}],
        "nodeSelector": {"kubernetes.io/hostname": node},
    }
    template = {"metadata": {"labels": labels}, "spec": spec}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }
    await cluster.create("deployments", deployment, namespace=namespace)
    await cluster.create("poddisruptionbudgets", _budget(1), namespace=namespace)

    async def is_counted() -> bool:
        status = (await cluster.get("poddisruptionbudgets", "web", namespace)).get("status", {})
        return bool(status.get("currentHealthy") == 2 and status.get("disruptionsAllowed") == 1)

    await eventually(is_counted)


def _budget(least: int) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"minAvailable": least, "selector": {"matchLabels": {"app": "web"}}}}


async def test_a_budget_blocks_and_then_allows(cluster: Cluster, namespace: str, node: str, web: None) -> None:
    clock, progress = HurriedClock(), FakeProgress()
    work = await DrainWork.plan(cluster, node, ALL, clock)
    ours = [f"{ns}/{name}" for ns, name, _ in work.change.parameters["pods"] if ns == namespace]
    assert len(ours) == 2
    preview = await work.preview()
    assert "+  unschedulable: true" in preview.diff
    assert not (await cluster.get("nodes", node))["spec"].get("unschedulable")
    assert sum("nowhere: 0/" in each and each.startswith(f"evict {namespace}/") for each in preview.notes) == 2
    levels = {each.rule: each.level for each in await work.findings()}
    assert levels["disruption-budgets"] in (Level.PASS, Level.WARN)

    acting = asyncio.create_task(work.act(progress))
    try:

        def blocked() -> list[str]:
            return [progress.items[key][1] for key in ours if progress.items.get(key, ("",))[0] is ItemState.BLOCKED]

        (why,) = await until(blocked)
        assert "The disruption budget web needs 1 healthy pods and has 1 currently" in why
        assert [progress.items[key][0] for key in ours].count(ItemState.DONE) == 1
        # Nothing is placed on the node any more, so that the budget never allows more by itself.
        await cluster.patch("poddisruptionbudgets", "web", {"spec": {"minAvailable": 0}}, namespace=namespace)
        said = await asyncio.wait_for(acting, 40)
    finally:
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
    assert said.startswith(f"{node} is drained: ")
    assert {progress.items[key][0] for key in ours} == {ItemState.DONE}
    found = await work.verify()
    assert found.ok, found
    assert all(text(each, "metadata", "namespace") != namespace for each in await read_pods(cluster, node))
    # The replacements say themselves what the plan said of them.
    waiting = await cluster.list_objects("pods", namespace=namespace, selector="app=web")
    assert {text(condition(each, "PodScheduled"), "reason") for each in waiting} <= {"Unschedulable", ""}


async def test_a_budget_that_never_allows_refuses(cluster: Cluster, namespace: str, node: str, web: None) -> None:
    await cluster.patch("poddisruptionbudgets", "web", {"spec": {"minAvailable": 2}}, namespace=namespace)

    async def is_counted() -> bool:
        return bool((await cluster.get("poddisruptionbudgets", "web", namespace))["status"]["desiredHealthy"] == 2)

    await eventually(is_counted)
    work = await DrainWork.plan(cluster, node, ALL, HurriedClock())
    found = next(each for each in await work.findings() if each.rule == "disruption-budgets")
    assert found.level is Level.REFUSE and "budget web wants 2 of 2 pods healthy" in found.evidence
    pod = next(each for each in await read_pods(cluster, node) if text(each, "metadata", "namespace") == namespace)
    with pytest.raises(BudgetBlocked):
        await cluster.evict(text(pod, "metadata", "name"), namespace, uid=text(pod, "metadata", "uid"))


async def test_the_plan_knows_owners_and_an_eviction_means_one_pod(
    cluster: Cluster, namespace: str, node: str, web: None
) -> None:
    plan = plan_drain(await read_facts(cluster, node), ALL)
    ours = [each for each in plan.pods if each.namespace == namespace]
    assert [(each.fate, each.workload, each.unmanaged) for each in ours] == [(Fate.EVICT, "Deployment web", "")] * 2
    assert ours[0].outage == "all 2 ready pods of Deployment web are on this node"
    with pytest.raises(Conflict):
        await cluster.evict(ours[0].name, namespace, uid="another-uid")
    assert not text(await cluster.get("pods", ours[0].name, namespace), "metadata", "deletionTimestamp")


async def test_a_node_is_cordoned_and_given_back(cluster: Cluster, node: str) -> None:
    work: Work = await CordonWork.plan(cluster, node)
    assert "+  unschedulable: true" in (await work.preview()).diff
    await work.act(FakeProgress())
    assert (await work.verify()).ok
    assert (await cluster.get("nodes", node))["spec"]["unschedulable"] is True
    back = await UncordonWork.plan(cluster, node)
    assert "-  unschedulable: true" in (await back.preview()).diff
    await back.act(FakeProgress())
    assert (await back.verify()).ok and not (await work.verify()).ok
    assert "unschedulable" not in (await cluster.get("nodes", node))["spec"]
