from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backends.errors import Invalid
from backends.model.change import Impact
from backends.model.proposal import Finding, Level
from backends.model.run import ItemState
from backends.operations.batch import MOST, BatchWork
from backends.operations.gate_records import change_data, change_of
from backends.operations.work import PartlyDone, Stopped, Verified
from backends.operations.workload_works.scale import ScaleWork
from backends.operations.works import rebuild
from tests.operations.gate_stage import FakeWork, a_change
from tests.support.clock import ManualClock
from tests.support.fake_progress import FakeProgress
from tests.support.fake_writer import FakeWriter


def works(count: int = 3) -> list[FakeWork]:
    return [FakeWork(a_change(name=f"web-{n}")) for n in range(count)]


def test_one_change_says_all_of_them() -> None:
    parts = works(6)
    parts[0].change = a_change(Impact.NONE, name="web-0")
    change = BatchWork.of(parts).change
    assert change.summary == "restart 6 deployments on orlando: web-0, web-1, web-2, web-3, 2 more"
    assert change.command.count("\n") == 5
    assert change.impact is Impact.DISRUPTIVE
    assert len(change.needs) == 1
    json.dumps(change_data(change))


@pytest.mark.parametrize("chosen", [[], works(MOST + 1), [*works(1), FakeWork(a_change(stamp="seattle"))]])
def test_none_too_many_or_several_stamps_are_no_batch(chosen: list[FakeWork]) -> None:
    with pytest.raises(Invalid, match="cannot do this at once"):
        BatchWork.of(chosen)


def test_drains_are_no_batch_for_each_is_examined_when_its_turn_comes() -> None:
    drains = [FakeWork(replace(a_change(name=f"node-{n}"), action="drain")) for n in range(2)]
    with pytest.raises(Invalid, match="cannot drain several at once: after one drain the plan of the next is another"):
        BatchWork.of(drains)
    assert BatchWork.of(drains[:1]).change.command == drains[0].change.command


async def test_each_has_its_own_result() -> None:
    parts, progress = works(), FakeProgress()
    said = await BatchWork.of(parts).act(progress)
    assert "3 done" in said
    assert {state for state, _ in progress.items.values()} == {ItemState.DONE}
    assert [each.acted for each in parts] == [1, 1, 1]


async def test_the_first_failure_ends_it_and_names_what_is_left() -> None:
    parts, progress = works(4), FakeProgress()
    parts[1].failing["act"] = Invalid("refused", why="no such image", todo="correct it")
    with pytest.raises(PartlyDone) as caught:
        await BatchWork.of(parts).act(progress)
    assert caught.value.what == "1 of 4 done, then deployment/web-1 in default failed"
    assert caught.value.why == "refused: no such image; not begun: web-2, web-3"
    assert [state for state, _ in progress.items.values()] == [
        ItemState.DONE,
        ItemState.FAILED,
        ItemState.SKIPPED,
        ItemState.SKIPPED,
    ]
    assert not parts[2].acted


async def test_stopping_names_what_is_left() -> None:
    parts, progress = works(), FakeProgress()
    progress.stop_when = lambda: progress.checkpoints > 1
    with pytest.raises(Stopped) as caught:
        await BatchWork.of(parts).act(progress)
    assert caught.value.what == "stopped after 1 of 3"
    assert caught.value.why.endswith("not begun: web-1, web-2")


async def test_findings_are_said_once_and_diffs_together() -> None:
    parts = works(2)
    for each in parts:
        each.own = (Finding("single-replica", Level.WARN, "one replica"),)
    batch = BatchWork.of(parts)
    assert len(await batch.findings()) == 1
    preview = await batch.preview()
    assert preview.diff == "-a\n+b\n-a\n+b" and len(preview.notes) == 2


async def test_one_that_is_not_as_intended_is_told() -> None:
    parts = works()
    assert (await BatchWork.of(parts).verify()).ok
    parts[2].verified = Verified(False, "it was changed")
    found = await BatchWork.of(parts).verify()
    assert not found.ok and "1 of 3" in found.evidence and "deployment/web-2" in found.evidence


async def test_it_is_made_again_from_the_journal() -> None:
    cluster = FakeWriter("orlando")
    for name in ("web", "api"):
        cluster.put(
            "deployment",
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": name, "namespace": "default"},
                "spec": {"replicas": 2},
            },
        )
    planned = [await ScaleWork.plan(cluster, "deployment", name, "default", 3) for name in ("web", "api")]
    recorded = json.loads(json.dumps(change_data(BatchWork.of(planned).change)))
    again = rebuild(change_of("orlando", recorded), {"orlando": cluster}, ManualClock())
    assert again is not None
    await again.act(FakeProgress())
    assert (await again.verify()).ok
    assert len(cluster.writes) == 2
