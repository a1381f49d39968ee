"""A console is killed at each step of the gate: the next start says what became of it, and nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backends.model.journal import EventKind
from backends.model.proposal import Step
from backends.model.recorded import RecordedOperation, put_together
from backends.operations.reconciliation import Found
from tests.operations.conftest import OnLab

CHILD = "tests.operations.gate_child"
BEFORE = (Step.ARMED, Step.PRECONDITIONS, Step.CONFIRM, Step.LOCK, Step.INTENT)
"""Steps at whose beginning nothing was written down or sent."""


@asynccontextmanager
async def console(on: OnLab, step: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A console that scales ratings-web of orlando up by one and stands still at a step."""
    words = [sys.executable, "-m", CHILD, str(on.lab.running.config), "orlando", step]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def kill_at(on: OnLab, step: Step) -> None:
    async with console(on, step.value) as process:
        assert process.stdout is not None
        said = await asyncio.wait_for(process.stdout.readline(), 60)
        assert said == b"here\n", (step, said.decode())
        process.kill()
        assert await process.wait() == -signal.SIGKILL


async def replicas(on: OnLab) -> int:
    found = await on.services.everywhere["orlando"].get("deployment", "ratings-web", "default")
    return int(found["spec"]["replicas"])


async def take_over(on: OnLab) -> None:
    """Take the lock that a dead console left, as an operator does, by its holder's name."""
    holder = (await on.services.lock.holders())["orlando"]
    assert holder is not None and holder.is_lost, "its process ended, as this machine can see"
    await on.services.lock.take_over("orlando", holder.name)


async def recorded(on: OnLab) -> tuple[RecordedOperation, ...]:
    return put_together(await on.services.journal.events())


async def test_killed_before_its_intent_nothing_is_open_and_nothing_changed(two_stamps: OnLab) -> None:
    before = await replicas(two_stamps)
    for step in BEFORE:
        await kill_at(two_stamps, step)
    assert await two_stamps.services.reconciliation.run() == ()
    assert await recorded(two_stamps) == ()
    assert await replicas(two_stamps) == before


async def test_killed_after_its_intent_what_became_of_it_is_found(two_stamps: OnLab) -> None:
    before = await replicas(two_stamps)
    for step, found, result, more in (
        (Step.ACT, Found.NOT_DONE, "failed", 0),
        (Step.VERIFY, Found.DONE, "done", 1),
        (Step.OUTCOME, Found.DONE, "done", 2),
    ):
        await kill_at(two_stamps, step)
        (reconciled,) = await two_stamps.services.reconciliation.run()
        assert (reconciled.found, reconciled.is_closed) == (found, True), (step, reconciled)
        assert (await recorded(two_stamps))[0].result == result
        assert await replicas(two_stamps) == before + more
        await take_over(two_stamps)
    assert await two_stamps.services.reconciliation.run() == ()
    events = await two_stamps.services.journal.events()
    assert [each.kind for each in events] == [EventKind.INTENT, EventKind.RECONCILED, EventKind.OUTCOME] * 3
    assert (await two_stamps.services.journal.verify()).holds
    # Nothing that the dead left behind is in the way of the next one.
    async with console(two_stamps, "-") as process:
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert out.startswith(b"done "), out
    assert await replicas(two_stamps) == before + 3
