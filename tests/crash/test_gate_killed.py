"""kill -9 at each step of the gate: the next start tells the truth, nothing is done twice, the chain holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backends.lab.runner import RunningLab
from backends.model.journal import EventKind
from backends.operations.ports import PatchKind
from backends.operations.reconciliation import Found, Reconciled
from console.configuration import load_settings
from console.wiring import Services, open_services
from tests.crash.stepping import Ended, stepped

KILLS = 30
WANTED = 5


@asynccontextmanager
async def a_start(lab: RunningLab) -> AsyncIterator[Services]:
    """The services as the next start of a console has them."""
    async with open_services(load_settings(str(lab.config)), follow_fleet=False) as services:
        yield services


async def _deployment(services: Services) -> dict[str, Any]:
    return await services.everywhere["orlando"].get("deployment", "ratings-web", "default")


async def _prepare(lab: RunningLab) -> int:
    """Have three replicas, and return the generation: the server counts every change of the spec in it."""
    async with a_start(lab) as services:
        body = {"spec": {"replicas": 3}}
        cluster = services.everywhere["orlando"]
        await cluster.patch("deployment", "ratings-web", body, namespace="default", patch=PatchKind.MERGE)
        return int((await _deployment(services))["metadata"]["generation"])


def _is_act(step: str) -> bool:
    return step == "after api replace deployment ratings-web scale"


async def _judge(lab: RunningLab, ended: Ended, generation: int) -> None:
    """Compare what the next start says with what happened, step by step, and with the API."""
    acted = any(map(_is_act, ended.steps))
    intended = f"after journal {EventKind.INTENT}" in ended.steps
    closed = f"after journal {EventKind.OUTCOME}" in ended.steps
    async with a_start(lab) as services:
        left = await services.journal.open_operations()
        # Killed between a call and its answer, it may have been done: the test stands still at both.
        assert len(left) == (1 if intended and not closed else 0), ended.steps
        found: tuple[Reconciled, ...] = await services.reconciliation.run()
        assert [each.found for each in found] == ([] if not left else [Found.DONE if acted else Found.NOT_DONE])
        assert not await services.journal.open_operations()
        for each in left:
            kinds = [event.kind for event in await services.journal.events(operation=each.operation)]
            # The lock that the dead before it left was taken over first.
            assert kinds[-3:] == [EventKind.INTENT, EventKind.RECONCILED, EventKind.OUTCOME], ended.steps
            assert set(kinds[:-3]) <= {EventKind.TAKEN_OVER}, ended.steps
        deployment = await _deployment(services)
        assert deployment["spec"]["replicas"] == (WANTED if acted else 3), ended.steps
        # Done once if at all, by whoever died; and the start that told of it did nothing.
        assert deployment["metadata"]["generation"] - generation == (1 if acted else 0), ended.steps
        check = await services.journal.verify()
        assert check.holds, check


async def _whole(lab: RunningLab) -> tuple[str, ...]:
    """Let one go through to its end and return its steps."""
    generation = await _prepare(lab)
    ended = await stepped(lab, "scale", "orlando", str(WANTED))
    assert ended.outcome.startswith("done ")
    await _judge(lab, ended, generation)
    return ended.steps


@pytest.mark.timeout(300)
async def test_thirty_kills_over_all_steps_of_the_gate(crash_lab: RunningLab) -> None:
    first, steps = await _whole(crash_lab), await _whole(crash_lab)
    assert any(step.startswith("after api create leases") for step in first), "the lock is a step too"
    assert "after api try deployment ratings-web scale" in steps
    told = list(dict.fromkeys(steps))
    for step in ("journal intent", "journal outcome", "api replace deployment ratings-web scale"):
        assert {f"before {step}", f"after {step}"} <= set(told)
    # Each step by its words, for what the dead left makes the next one's steps more; then early ones again.
    points: list[int | str] = [*told, *range(max(0, KILLS - len(told)))]
    for point in points:
        generation = await _prepare(crash_lab)
        ended = await stepped(crash_lab, "scale", "orlando", str(WANTED), kill_at=point)
        assert not ended.outcome, f"it came to its end and was not killed at {point}: {ended}"
        await _judge(crash_lab, ended, generation)
    # Whoever died held the lock: the last start is not kept out by any of them.
    await _whole(crash_lab)
