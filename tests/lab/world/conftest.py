"""A living world on the default estate, at a hundred times the machine's speed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backends.lab.clock import LabClock
from backends.lab.estate import build_estate, plan_stamps
from backends.lab.faults import FaultBoard
from backends.lab.objects import Object, ObjectStore
from backends.lab.world.pods import is_ready
from backends.lab.world.shapes import is_deleting
from backends.lab.world.world import World

SPEED = 100.0


@dataclass(frozen=True, slots=True)
class Living:
    """A running world with what tests ask of it."""

    world: World
    store: ObjectStore
    board: FaultBoard

    async def until(self, condition: Callable[[], object], what: str, limit_s: float = 20.0) -> None:
        """Wait for a condition on the store; it is looked at after every write."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    await self.store.wait(self.store.revision)
        except TimeoutError:
            pytest.fail(f"never happened: {what}")

    def pods(self, prefix: str, namespace: str = "default") -> list[Object]:
        """Return the pods whose name begins so and that are not being deleted."""
        return [
            pod
            for pod in self.store.listing("pods", namespace)
            if pod["metadata"]["name"].startswith(prefix) and not is_deleting(pod)
        ]

    def ready(self, prefix: str, namespace: str = "default") -> list[Object]:
        """Return those of them that are ready."""
        return [pod for pod in self.pods(prefix, namespace) if is_ready(pod)]

    def events(self, reason: str) -> list[str]:
        """Return the messages of events by reason, oldest first."""
        found = [each for each in self.store.each("events") if each["reason"] == reason]
        return [each["message"] for each in sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))]

    def deployment(self, name: str) -> Object:
        """Return a Deployment of the namespace default."""
        return self.store.get("deployments.apps", "default", name)

    def edit(self, resource: str, name: str, **spec: object) -> None:
        """Change parts of an object's spec."""
        self.store.change(resource, "default", name, lambda obj: obj["spec"].update(spec))


@contextlib.asynccontextmanager
async def living(speed: float = SPEED, version: str = "v1.29.15", seed: int = 1) -> AsyncIterator[Living]:
    """Run a world on the default estate without incidents; it must not have failed at the end."""
    clock = LabClock(speed)
    plan = plan_stamps(1, seed=seed, version=version)[0]
    store = ObjectStore(clock, random.Random(seed))
    build_estate(plan, store)
    board = FaultBoard(plan.name)
    world = World(plan.name, store, clock, board, version=version, network=plan.network, incidents=False)
    task = asyncio.create_task(world.run())
    try:
        yield Living(world, store, board)
        assert world.cluster.driver.failures == []
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def lab() -> AsyncIterator[Living]:
    """The default world."""
    async with living() as found:
        yield found


def workload(name: str, replicas: int = 1, *, image: str = "app:v1", **container: Any) -> Object:
    """Return a Deployment as a client would send it, without any default."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image, **container}]},
            },
        },
    }
