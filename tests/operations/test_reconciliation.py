"""What a start makes of operations that were left open: told by evidence, closed once, never done a second time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from backends.errors import JournalFailed, Unreachable, UsageError
from backends.journal import SqliteJournal
from backends.model.change import Change, Impact, Target
from backends.model.journal import Author, EventKind, JournalEvent
from backends.model.recorded import put_together
from backends.operations.gate_records import change_data
from backends.operations.reconciliation import Found, Reconciliation
from backends.operations.work import Verified
from tests.support.clock import ManualClock

DEAD = Author("alice", "bastion", "dead")
ALIVE = Author("alice", "bastion", "alive")
AWAY = Author("bob", "bastion-2", "unseen")
LIVES = {"dead": False, "alive": True, "unseen": None, "now": False}


def a_change(action: str = "scale", stamp: str = "orlando", name: str = "web") -> Change:
    return Change(action, stamp, Target("deployment", name, "default"), f"{action} {name}", "kubectl …", Impact.CAREFUL)


@dataclass
class FakeWork:
    """Finds what a test says."""

    verified: Verified | Exception
    asked: int = 0

    async def verify(self) -> Verified:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.verified, Exception):
            raise self.verified
        return self.verified


@dataclass
class Start:
    """A console at its start, on the journal of those before it."""

    file: Path
    works: dict[str, FakeWork] = field(default_factory=dict)
    """By the name of their target."""

    @asynccontextmanager
    async def journal(self, author: Author) -> AsyncIterator[SqliteJournal]:
        async with SqliteJournal(self.file, ManualClock(), author=author) as journal:
            yield journal

    async def left_open(
        self, author: Author, change: Change, *kinds: EventKind, work: Verified | Exception | None = None
    ) -> None:
        """Record an intent and what followed it, by a console that is gone."""
        async with self.journal(author) as journal:
            await journal.record(change.target.name, EventKind.INTENT, change.stamp, change_data(change))
            for kind in kinds:
                await journal.record(change.target.name, kind, change.stamp, {"pod": "web-1"})
        if work is not None:
            self.works[change.target.name] = FakeWork(work)

    @asynccontextmanager
    async def reconciliation(self) -> AsyncIterator[Reconciliation]:
        async with self.journal(Author("alice", "bastion", "now")) as journal:
            rebuild: Callable[[Change], FakeWork | None] = lambda change: self.works.get(change.target.name)  # noqa: E731
            yield Reconciliation(journal, rebuild, lambda author: LIVES[author.process])

    async def events(self, operation: str) -> list[JournalEvent]:
        async with self.journal(DEAD) as journal:
            return list(await journal.events(operation=operation))


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path / "journal.db")


async def test_what_was_done_gets_its_outcome(start: Start) -> None:
    await start.left_open(DEAD, a_change(), work=Verified(True, "spec.replicas is 3"))
    async with start.reconciliation() as reconciliation:
        (found,) = await reconciliation.run()
        assert (found.found, found.is_closed, found.change) == (Found.DONE, True, a_change())
        assert reconciliation.state.value == (found,)
        assert await reconciliation.run() == ()
    events = await start.events("web")
    assert [each.kind for each in events] == [EventKind.INTENT, EventKind.RECONCILED, EventKind.OUTCOME]
    assert events[1].data == {"finding": "done", "evidence": "spec.replicas is 3"}
    (operation,) = put_together(events)
    assert (operation.result, operation.why) == ("done", "found done at the next start: spec.replicas is 3")


@pytest.mark.parametrize(("steps", "found"), [((), Found.NOT_DONE), ((EventKind.STEP,), Found.PARTLY)])
async def test_what_was_not_done_is_closed_as_failed(start: Start, steps: tuple[EventKind, ...], found: Found) -> None:
    await start.left_open(DEAD, a_change(), *steps, work=Verified(False, "spec.replicas is 2"))
    async with start.reconciliation() as reconciliation:
        (reconciled,) = await reconciliation.run()
    assert (reconciled.found, reconciled.is_closed, reconciled.can_resume) == (found, True, False)
    outcome = (await start.events("web"))[-1]
    assert outcome.kind is EventKind.OUTCOME
    assert outcome.data["result"] == "failed"
    assert outcome.data["why"] == "spec.replicas is 2"


async def test_a_drain_stays_open_to_be_taken_up_and_is_said_once(start: Start) -> None:
    await start.left_open(DEAD, a_change("drain"), EventKind.STEP, work=Verified(False, "2 pods left"))
    for _ in range(3):
        async with start.reconciliation() as reconciliation:
            (found,) = await reconciliation.run()
            assert (found.found, found.is_closed, found.can_resume) == (Found.PARTLY, False, True)
            assert "audit close web" in found.todo
    kinds = [each.kind for each in await start.events("web")]
    assert kinds == [EventKind.INTENT, EventKind.STEP, EventKind.RECONCILED]


async def test_a_drain_that_ended_is_closed(start: Start) -> None:
    await start.left_open(DEAD, a_change("drain"), EventKind.STEP, work=Verified(True, "no pods left"))
    async with start.reconciliation() as reconciliation:
        assert (await reconciliation.run())[0].is_closed


@pytest.mark.parametrize(("author", "found"), [(ALIVE, Found.AT_WORK), (AWAY, Found.ELSEWHERE)])
async def test_what_may_still_be_at_work_is_left_alone(start: Start, author: Author, found: Found) -> None:
    await start.left_open(author, a_change(), work=Verified(False, "not yet"))
    async with start.reconciliation() as reconciliation:
        (reconciled,) = await reconciliation.run()
    assert (reconciled.found, reconciled.is_closed) == (found, False)
    assert author.host in reconciled.evidence
    assert start.works["web"].asked == 0
    assert len(await start.events("web")) == 1


async def test_who_took_it_up_decides_whether_it_is_at_work(start: Start) -> None:
    await start.left_open(DEAD, a_change("drain"), work=Verified(False, "1 pod left"))
    async with start.journal(ALIVE) as journal:
        await journal.record("web", EventKind.RESUMED, "orlando")
    async with start.reconciliation() as reconciliation:
        assert (await reconciliation.run())[0].found is Found.AT_WORK


async def test_what_cannot_be_judged_stays_open_with_its_reason(start: Start) -> None:
    dead_stamp = Unreachable("get deployment", why="connection refused", stamp="orlando")
    await start.left_open(DEAD, a_change(name="dead"), work=dead_stamp)
    await start.left_open(DEAD, a_change("teleport", name="unknown"))
    await start.left_open(DEAD, a_change(name="odd"), work=ZeroDivisionError("a fault of ours"))
    await start.left_open(DEAD, a_change(name="good"), work=Verified(True, "there"))
    async with start.journal(DEAD) as journal:
        await journal.record("bare", EventKind.INTENT, "orlando", {"text": "by a later version"})
    async with start.reconciliation() as reconciliation:
        found = {each.operation.operation: each for each in await reconciliation.run()}
    assert {name: each.found for name, each in found.items()} == {
        "dead": Found.UNKNOWN,
        "unknown": Found.UNKNOWN,
        "odd": Found.UNKNOWN,
        "bare": Found.UNKNOWN,
        "good": Found.DONE,
    }
    assert "connection refused" in found["dead"].evidence
    assert "cannot look after a teleport" in found["unknown"].evidence
    assert not any(each.is_closed for each in found.values() if each.found is Found.UNKNOWN)
    start.works["dead"] = FakeWork(Verified(True, "there"))
    async with start.reconciliation() as reconciliation:
        again = {each.operation.operation: each for each in await reconciliation.run()}
    assert again["dead"].found is Found.DONE, "the stamp answers again"


@pytest.mark.parametrize("value", [{"token": "0123456789"}, ["x" * 70_000]])
async def test_a_change_that_is_not_recorded_whole_is_not_said_to_be_undone(start: Start, value: object) -> None:
    change = replace(a_change("annotate"), parameters={"values": value})
    await start.left_open(DEAD, change, work=Verified(False, "another value is there"))
    async with start.reconciliation() as reconciliation:
        (found,) = await reconciliation.run()
    assert (found.found, found.is_closed) == (Found.UNKNOWN, False)
    assert "another value is there" in found.evidence


async def test_one_that_another_console_took_up_meanwhile_is_left_to_it(start: Start) -> None:
    await start.left_open(DEAD, a_change("drain"), work=Verified(True, "no pods left"))
    async with start.journal(ALIVE) as journal, start.reconciliation() as reconciliation:
        work = start.works["web"]

        async def verify() -> Verified:
            await journal.record("web", EventKind.RESUMED, "orlando")
            return Verified(True, "no pods left")

        work.verify = verify  # type: ignore[method-assign]
        assert await reconciliation.run() == ()
    assert [each.kind for each in await start.events("web")] == [EventKind.INTENT, EventKind.RESUMED]


async def test_two_consoles_that_start_at_once_do_nothing_twice(start: Start) -> None:
    for name in ("one", "two", "three"):
        await start.left_open(DEAD, a_change(name=name), work=Verified(True, "there"))
    async with start.reconciliation() as first, start.reconciliation() as second:
        await asyncio.gather(first.run(), second.run())
    for name in ("one", "two", "three"):
        (operation,) = put_together(await start.events(name))
        assert operation.result == "done"


async def test_an_operation_can_be_given_up(start: Start) -> None:
    await start.left_open(AWAY, a_change("drain"), EventKind.STEP)
    async with start.reconciliation() as reconciliation:
        await reconciliation.run()
        await reconciliation.close("web", "bastion-2 is gone; node reinstalled")
        assert reconciliation.state.value == ()
        with pytest.raises(UsageError, match="no open operation web"):
            await reconciliation.close("web", "again")
    (operation,) = put_together(await start.events("web"))
    assert operation.result == "cancelled"
    assert "node reinstalled" in operation.why


async def test_what_is_at_work_cannot_be_given_up(start: Start) -> None:
    await start.left_open(ALIVE, a_change("drain"))
    async with start.reconciliation() as reconciliation:
        with pytest.raises(UsageError, match="still at work"):
            await reconciliation.close("web", "impatient")


async def test_a_journal_that_cannot_be_read_is_told(start: Start) -> None:
    start.file.write_bytes(b"not a database" * 100)
    async with start.reconciliation() as reconciliation:
        with pytest.raises(JournalFailed, match="not a journal"):
            await reconciliation.run()
        assert reconciliation.state.value == ()
