"""Scaling a workload: as planned or not at all, conflicts that are not about it, and what else sets the number."""

from __future__ import annotations

from typing import Any

import pytest

from backends.errors import Conflict, Invalid, NotFound
from backends.model.change import Impact, Permission
from backends.model.proposal import Level
from backends.operations.gate_records import change_data, change_of
from backends.operations.workload_works.scale import ScaleWork
from backends.operations.works import rebuild
from tests.support.clock import ManualClock
from tests.support.fake_progress import FakeProgress
from tests.support.fake_writer import FakeWriter


def _deployment(replicas: int, name: str = "web") -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas},
        "status": {"readyReplicas": replicas},
    }


@pytest.fixture
def cluster() -> FakeWriter:
    found = FakeWriter("orlando")
    found.put("deployment", _deployment(2))
    found.put("deploy", _deployment(2))
    return found


async def _plan(cluster: FakeWriter, replicas: int) -> ScaleWork:
    return await ScaleWork.plan(cluster, "deployment", "web", "default", replicas)


@pytest.mark.parametrize(("replicas", "impact"), [(5, Impact.NONE), (2, Impact.NONE), (1, Impact.DISRUPTIVE)])
async def test_only_a_smaller_scale_disrupts(cluster: FakeWriter, replicas: int, impact: Impact) -> None:
    assert (await _plan(cluster, replicas)).change.impact is impact


async def test_the_change_says_what_and_how(cluster: FakeWriter) -> None:
    change = (await ScaleWork.plan(cluster, "deploy", "web", "default", 5)).change
    assert change.summary == "scale deployment/web from 2 to 5 on orlando"
    assert change.command == (
        "kubectl --kubeconfig nowhere/kubeconfig --context orlando -n default scale deployment/web --replicas=5"
    )
    assert Permission("update", "deployment", "default", subresource="scale") in change.needs


async def test_the_dry_run_shows_one_line_and_keeps_nothing(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    changed = [line for line in (await work.preview()).diff.splitlines()[3:] if line[0] in "+-"]
    assert changed == ["-  replicas: 2", "+  replicas: 5"]
    assert cluster.writes == [] and len(cluster.dry_runs) == 1


async def test_it_is_written_once_and_read_back(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    assert await work.act(FakeProgress()) == "deployment/web in default scaled from 2 to 5"
    assert [each[0] for each in cluster.writes] == ["replace"]
    found = await work.verify()
    assert found.ok and found.evidence == "spec.replicas is 5, 2 ready so far"
    assert await work.act(FakeProgress()) == "deployment/web in default has 5 replicas already"
    assert len(cluster.writes) == 1


async def test_a_conflict_with_a_controller_is_tried_again(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    cluster.failing_once["replace"] = Conflict("cannot replace web", why="the object has been modified")
    progress = FakeProgress()
    assert await work.act(progress) == "deployment/web in default scaled from 2 to 5"
    assert progress.lines == ["it was written by another just then; looking again"]


async def test_conflicts_without_end_are_given_up(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    cluster.failing["replace"] = Conflict("cannot replace web", why="the object has been modified")
    with pytest.raises(Conflict, match="cannot replace web"):
        await work.act(FakeProgress())
    assert cluster.writes == []


async def test_another_number_than_planned_is_left_alone(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 1)
    cluster.put("deployment", _deployment(7))
    for step in (work.preview(), work.act(FakeProgress())):
        with pytest.raises(Conflict) as caught:
            await step
        assert caught.value.why == "it has 7 replicas now, since it was planned"
    assert cluster.writes == [] and cluster.dry_runs == []


async def test_another_object_of_that_name_is_left_alone(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    again = _deployment(2)
    again["metadata"]["uid"] = "another"
    cluster.put("deployment", again)
    with pytest.raises(Conflict) as caught:
        await work.act(FakeProgress())
    assert caught.value.why == "it was deleted and made again, since it was planned"
    assert not (await work.verify()).ok


async def test_what_has_no_replicas_cannot_scale(cluster: FakeWriter) -> None:
    cluster.put("daemonset", {"kind": "DaemonSet", "metadata": {"name": "agent", "namespace": "default"}, "spec": {}})
    with pytest.raises(Invalid, match="cannot scale DaemonSet agent"):
        await ScaleWork.plan(cluster, "daemonset", "agent", "default", 2)
    with pytest.raises(NotFound):
        await ScaleWork.plan(cluster, "deployment", "nobody", "default", 2)


async def test_an_autoscaler_and_an_empty_scale_are_told(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 0)
    scaler = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 1, "maxReplicas": 10},
    }
    cluster.put("horizontalpodautoscalers", scaler)
    assert [(each.rule, each.level) for each in await work.findings()] == [
        ("autoscaled", Level.WARN),
        ("single-replica", Level.REFUSE),
    ]
    assert [each.rule for each in await (await _plan(cluster, 5)).findings()] == ["autoscaled"]


async def test_it_is_made_again_from_the_journal(cluster: FakeWriter) -> None:
    work = await _plan(cluster, 5)
    recorded = change_data(work.change)
    again = rebuild(change_of("orlando", recorded), {"orlando": cluster}, ManualClock())
    assert again is not None
    assert not (await again.verify()).ok
    await again.act(FakeProgress())
    assert (await again.verify()).ok
    assert rebuild(change_of("seattle", recorded), {"orlando": cluster}, ManualClock()) is None
    unknown = {**recorded, "action": "explode"}
    assert rebuild(change_of("orlando", unknown), {"orlando": cluster}, ManualClock()) is None
    wrong = {**recorded, "parameters": {"replicas": "many"}}
    assert rebuild(change_of("orlando", wrong), {"orlando": cluster}, ManualClock()) is None
