from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backends.errors import Unreachable
from backends.model.change import Target
from backends.model.run import ItemState
from backends.operations.rollout import STUCK_AFTER_S, RolloutFollower
from backends.operations.work import PartlyDone, Stopped
from tests.support.clock import ManualClock
from tests.support.fake_progress import FakeProgress
from tests.support.fake_writer import FakeWriter


def deployment(updated: int, available: int, **condition: str) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "generation": 1},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}},
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": updated,
            "availableReplicas": available,
            "conditions": [condition] if condition else [],
        },
    }


def pod(name: str, *, ready: bool, waiting: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:v9"}]},
        "status": {
            "phase": "Running" if ready else "Pending",
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": "web", "image": "web:v9", "state": state}],
        },
    }


class Scene:
    def __init__(self) -> None:
        self.cluster = FakeWriter("orlando")
        self.clock = ManualClock()
        self.progress = FakeProgress()
        target = Target("deployment", "web", "default")
        self.follower = RolloutFollower(self.cluster, target, self.clock, self.progress)

    async def ended(self) -> str:
        task = asyncio.create_task(self.follower.follow())
        await self.clock.until(task.done, limit_s=3 * STUCK_AFTER_S)
        return await task


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.cluster.put("deployment", deployment(1, 1))
    return made


async def test_it_waits_for_the_end_and_says_each_step_once(scene: Scene) -> None:
    task = asyncio.create_task(scene.follower.follow())
    await scene.clock.advance(9)
    scene.cluster.put("deployment", deployment(2, 1))
    await scene.clock.advance(9)
    scene.cluster.put("deployment", deployment(2, 2))
    await scene.clock.until(task.done)
    assert await task == "2 of 2 replicas are updated and available"
    assert scene.progress.lines == [
        "1 of 2 new replicas have been updated",
        "1 of 2 updated replicas are available",
        "2 of 2 replicas are updated and available",
    ]


async def test_a_missed_deadline_names_the_pod_that_holds_it_up(scene: Scene) -> None:
    scene.cluster.put(
        "deployment", deployment(1, 1, type="Progressing", status="False", reason="ProgressDeadlineExceeded")
    )
    scene.cluster.put("pods", pod("web-1", ready=False, waiting="ImagePullBackOff"))
    with pytest.raises(PartlyDone) as caught:
        await scene.ended()
    assert "progress deadline" in caught.value.why and "pod default/web-1" in caught.value.why
    assert scene.progress.items["pod/web-1"] == (ItemState.BLOCKED, "ImagePullBackOff")


async def test_an_api_that_goes_away_is_waited_for_and_said_once(scene: Scene) -> None:
    scene.cluster.failing["get"] = Unreachable("the API does not answer", why="refused", stamp="orlando")
    task = asyncio.create_task(scene.follower.follow())
    await scene.clock.advance(20)
    assert len(scene.progress.lines) == 1 and "the rollout goes on in the cluster" in scene.progress.lines[0]
    del scene.cluster.failing["get"]
    scene.cluster.put("deployment", deployment(2, 2))
    await scene.clock.until(task.done)
    assert "the API answers again" in scene.progress.lines
    assert await task


async def test_nothing_moving_for_long_is_given_up(scene: Scene) -> None:
    with pytest.raises(PartlyDone, match="did not finish") as caught:
        await scene.ended()
    assert caught.value.why == "nothing moved for 15 minutes"


async def test_stopping_leaves_it_to_the_cluster(scene: Scene) -> None:
    scene.progress.stop_when = lambda: scene.progress.checkpoints > 2
    with pytest.raises(Stopped):
        await scene.ended()


async def test_a_workload_that_is_deleted_meanwhile_ends_it(scene: Scene) -> None:
    task = asyncio.create_task(scene.follower.follow())
    await scene.clock.advance(3)
    scene.cluster.objects.clear()
    await scene.clock.until(task.done)
    with pytest.raises(PartlyDone) as caught:
        await task
    assert "deleted while it rolled out" in caught.value.why


async def test_pods_that_go_are_done(scene: Scene) -> None:
    scene.cluster.put("pods", pod("web-old", ready=True))
    task = asyncio.create_task(scene.follower.follow())
    await scene.clock.advance(3)
    del scene.cluster.objects["pods", "default", "web-old"]
    scene.cluster.put("deployment", deployment(2, 2))
    await scene.clock.until(task.done)
    assert await task
    assert scene.progress.items["pod/web-old"] == (ItemState.DONE, "gone")
