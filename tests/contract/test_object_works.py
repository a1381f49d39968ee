"""The works on any object, on the lab and on a real control plane."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.clock import SystemClock
from backends.errors import BudgetBlocked, Conflict, Invalid, NotFound
from backends.kubernetes import Cluster
from backends.model.change import Impact
from backends.model.proposal import Level
from backends.operations.gate_records import change_data, change_of
from backends.operations.object_works.delete import DeleteWork
from backends.operations.object_works.edit import EditWork
from backends.operations.object_works.evict import EvictWork
from backends.operations.object_works.label import AnnotateWork, LabelWork
from backends.operations.works import rebuild
from tests.contract.subject import Subject
from tests.contract.test_workload_works import deployment
from tests.support.fake_progress import FakeProgress
from tests.support.waiting import eventually

CLOCK = SystemClock()


async def config_map(cluster: Cluster, namespace: str) -> dict[str, Any]:
    made = {"metadata": {"name": "one", "labels": {"a": "1", "b": "2"}}, "data": {"colour": "blue"}}
    return await cluster.create("configmaps", made, namespace=namespace)


async def test_an_object_is_deleted_once(cluster: Cluster, namespace: str) -> None:
    await config_map(cluster, namespace)
    work = await DeleteWork.plan(cluster, "cm", "one", namespace, CLOCK)
    assert work.change.impact is Impact.DISRUPTIVE
    assert "-  colour: blue" in (await work.preview()).diff
    await cluster.get("cm", "one", namespace)
    assert not (await work.verify()).ok
    assert await work.act(FakeProgress()) == f"configmap/one in {namespace} deleted"
    assert (await work.verify()).ok
    await config_map(cluster, namespace)  # another of this name: not the one the work is about
    assert await work.act(FakeProgress()) == f"configmap/one in {namespace} is gone already"
    await cluster.get("cm", "one", namespace)
    with pytest.raises(NotFound):
        await work.preview()


async def test_what_waits_for_a_finalizer_says_so(cluster: Cluster, namespace: str) -> None:
    made = {"metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    await cluster.create("configmaps", made, namespace=namespace)
    work = await DeleteWork.plan(cluster, "cm", "held", namespace, CLOCK)
    assert {each.rule: each.level for each in await work.findings()}["finalizers"] is Level.WARN
    progress = FakeProgress()
    progress.stop_when = lambda: progress.checkpoints > 1
    with pytest.raises(Exception, match="stopped"):
        await work.act(progress)
    found = await work.verify()
    assert not found.ok and "it waits for example.com/hold" in found.evidence
    await cluster.patch("cm", "held", {"metadata": {"finalizers": None}}, namespace=namespace)
    assert (await work.verify()).ok


async def test_a_deployment_takes_its_pods_along(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.node(cluster)
    await cluster.create("deployments", deployment("web"), namespace=namespace)

    async def level() -> Level:
        work = await DeleteWork.plan(cluster, "deploy", "web", namespace, CLOCK)
        return {each.rule: each.level for each in await work.findings()}["far-reaching"]

    async def refuses() -> bool:
        return await level() is Level.REFUSE

    await eventually(refuses)
    work = await DeleteWork.plan(cluster, "deploy", "web", namespace, CLOCK, propagation="Foreground")
    await work.act(FakeProgress())
    assert (await work.verify()).ok
    with pytest.raises(Invalid):
        await DeleteWork.plan(cluster, "ns", namespace, None, CLOCK, propagation="Sideways")


async def test_an_eviction_keeps_to_the_budget(subject: Subject, cluster: Cluster, namespace: str) -> None:
    await subject.pod(cluster, namespace, "web")
    budget = {"metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
    await cluster.create("poddisruptionbudgets", budget, namespace=namespace)

    async def is_counted() -> bool:
        status = (await cluster.get("poddisruptionbudgets", "web", namespace)).get("status", {})
        return bool(status.get("currentHealthy") == 1)

    await eventually(is_counted)
    work = await EvictWork.plan_eviction(cluster, "web", namespace, CLOCK)
    with pytest.raises(BudgetBlocked):
        await work.preview()
    with pytest.raises(BudgetBlocked):
        await work.act(FakeProgress())
    assert (await cluster.get("pods", "web", namespace))["metadata"].get("deletionTimestamp") is None
    await cluster.delete("poddisruptionbudgets", "web", namespace=namespace)
    assert await work.act(FakeProgress()) == f"pod/web in {namespace} deleted"
    assert (await work.verify()).ok


async def test_labels_and_annotations_are_set_and_removed(cluster: Cluster, namespace: str) -> None:
    await config_map(cluster, namespace)
    work = await LabelWork.plan(cluster, "cm", "one", namespace, {"a": "9", "b": None, "example.com/c": ""}, CLOCK)
    assert work.change.command.endswith("label configmap/one a=9 b- example.com/c= --overwrite")
    assert "-    b: '2'" in (await work.preview()).diff or "b:" in (await work.preview()).diff
    await work.act(FakeProgress())
    assert (await work.verify()).ok
    assert (await cluster.get("cm", "one", namespace))["metadata"]["labels"] == {"a": "9", "example.com/c": ""}
    note = await AnnotateWork.plan(cluster, "cm", "one", namespace, {"note": "two words, and more"}, CLOCK)
    await note.act(FakeProgress())
    assert (await note.verify()).ok
    for values in ({"a b": "1"}, {"a": "two words"}, {}):
        with pytest.raises(Invalid, match="cannot label"):
            await LabelWork.plan(cluster, "cm", "one", namespace, values, CLOCK)


async def test_an_edit_never_overwrites_what_another_wrote(cluster: Cluster, namespace: str) -> None:
    before = await config_map(cluster, namespace)
    before = await cluster.get("cm", "one", namespace)
    edited = json.loads(json.dumps(before)) | {"data": {"colour": "red", "secret-token": "s3cr3t-s3cr3t"}}
    work = await EditWork.plan(cluster, before, edited)
    assert "s3cr3t" not in json.dumps(change_data(work.change))
    assert "+  colour: red" in (await work.preview()).diff
    await cluster.patch("cm", "one", {"data": {"other": "1"}}, namespace=namespace)
    with pytest.raises(Conflict):
        await work.act(FakeProgress())
    before = await cluster.get("cm", "one", namespace)
    assert before["data"] == {"colour": "blue", "other": "1"}
    again = await EditWork.plan(cluster, before, {**before, "data": {"colour": "red"}})
    await again.act(FakeProgress())
    assert (await again.verify()).ok
    recorded = rebuild(change_of("orlando", change_data(again.change)), {"orlando": cluster}, CLOCK)
    assert recorded is not None and (await recorded.verify()).ok
    with pytest.raises(Invalid, match="cannot edit"):
        await recorded.act(FakeProgress())


async def test_what_names_an_object_cannot_be_edited(cluster: Cluster, namespace: str) -> None:
    await config_map(cluster, namespace)
    before = await cluster.get("cm", "one", namespace)
    renamed = {**before, "metadata": {**before["metadata"], "name": "two"}}
    with pytest.raises(Invalid, match="cannot write") as caught:
        await EditWork.plan(cluster, before, renamed)
    assert caught.value.why == "metadata.name was changed from one"
    with pytest.raises(Invalid, match="nothing to change"):
        await EditWork.plan(cluster, before, before)
    broken = {**before, "data": {"colour": {"not": "a string"}}}
    with pytest.raises(Invalid):
        await EditWork.plan(cluster, before, broken)
