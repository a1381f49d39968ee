"""A console is killed in the middle of a drain; the next one knows what was left, and goes on with it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from backends.clock import SystemClock
from backends.journal import SqliteJournal
from backends.kubernetes import Cluster
from backends.model.fields import text
from backends.model.journal import EventKind
from backends.model.proposal import Result
from backends.operations.arming import Arming
from backends.operations.gate import Gate
from backends.operations.gate_records import change_of
from backends.operations.runs import Runs
from backends.operations.works import rebuild
from tests.operations.conftest import OnLab
from tests.operations.gate_stage import FakeLock, FakePreconditions
from tests.operations.test_drain_on_lab import NODE
from tests.support.hurried_clock import HurriedClock


async def _kill_at(point: str, config: Path, journal: Path) -> None:
    """Begin a drain in a process of its own and kill it, as the machine would, once it stands at the point."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.operations.drain_child", str(config), str(journal), NODE, point,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None and child.stderr is not None
        line = await asyncio.wait_for(child.stdout.readline(), 30)
        assert line == b"here\n", (line, await child.stderr.read() if not line else b"")
    finally:
        child.kill()
        await child.communicate()


@pytest.mark.parametrize("point", ["note:1", "note:2", "evicted:1", "evicted:3", "note:4"])
async def test_a_killed_drain_is_taken_up_and_nothing_is_evicted_twice(
    quick_stamps: OnLab, tmp_path: Path, point: str
) -> None:
    stamp, store = quick_stamps.services.stamps[0], quick_stamps.lab.stamps["orlando"].store
    file, clock = tmp_path / "journal", HurriedClock()
    planned = {
        text(pod, "metadata", "uid")
        for pod in store.each("pods")
        if text(pod, "spec", "nodeName") == NODE and pod["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet"
    }
    await _kill_at(point, quick_stamps.lab.running.config, file)
    elsewhere = {
        text(pod, "metadata", "uid")
        for pod in store.each("pods")
        if text(pod, "spec", "nodeName") != NODE and text(pod, "metadata", "namespace") != "reporting"
    }
    async with Cluster(stamp, SystemClock()) as cluster, SqliteJournal(file, clock) as journal:
        (left,) = await journal.open_operations()
        change = change_of("orlando", left.intent.data)
        assert (change.action, change.target.name) == ("drain", NODE)
        assert change.parameters["was_cordoned"] is False
        assert {uid for _, _, uid in change.parameters["pods"]} == planned
        work = rebuild(change, {"orlando": cluster}, clock)
        assert work is not None and not (await work.verify()).ok
        arming = Arming(clock)
        arming.arm()
        gate = Gate({"orlando": cluster}, FakePreconditions(), FakeLock(), journal, arming, clock)
        run = Runs(gate, journal, clock).take_up(work, left.operation)
        outcome = await asyncio.wait_for(run.finished(), 40)
        assert outcome.result is Result.DONE, (outcome, run.status.value.items)
        kinds = [each.kind for each in await journal.events(operation=left.operation)]
        assert [each for each in kinds if each is not EventKind.STEP] == [
            EventKind.INTENT,
            EventKind.RESUMED,
            EventKind.OUTCOME,
        ]
        assert not await journal.open_operations() and (await journal.verify()).holds
    after = {text(pod, "metadata", "uid"): pod for pod in store.each("pods")}
    # What was planned is gone, and what had been made anew elsewhere by then is still the same pods.
    assert not planned & set(after) and elsewhere <= set(after)
    assert store.get("nodes", "", NODE)["spec"]["unschedulable"] is True
