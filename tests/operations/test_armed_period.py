"""Each period in which a console may write is in the journal, or there is none."""

from __future__ import annotations

import pytest

from backends.errors import JournalFailed
from backends.model.journal import EventKind
from backends.model.recorded import put_together
from backends.operations.armed_period import ArmedPeriods
from backends.operations.arming import Arming
from tests.support.clock import ManualClock
from tests.support.fake_journal import FakeJournal

BOTH = [EventKind.ARMED, EventKind.DISARMED]


class Scene:
    """A console that can be armed."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.arming = Arming(self.clock, armed_for_s=900, idle_s=300)
        self.journal = FakeJournal()
        self.periods = ArmedPeriods(self.arming, self.journal, self.clock)

    @property
    def told(self) -> list[str]:
        """What the events say."""
        return [str(each.data["text"]) for each in self.journal.written]


async def test_what_cannot_be_written_down_is_not_armed() -> None:
    scene = Scene()
    scene.journal.failing = {EventKind.ARMED}
    with pytest.raises(JournalFailed, match="no space left"):
        await scene.periods.begin()
    assert not scene.arming.is_armed
    scene.journal.failing.clear()
    await scene.periods.begin()
    assert scene.arming.is_armed
    await scene.periods.close()


async def test_a_period_is_one_entry_that_says_for_how_long_and_why_it_ended() -> None:
    scene = Scene()
    await scene.periods.begin()
    await scene.clock.advance(299)
    assert scene.journal.kinds() == [EventKind.ARMED]
    await scene.clock.advance(2)
    assert scene.journal.kinds() == BOTH
    assert not scene.arming.is_armed
    assert scene.told == ["for 15 minutes, by hand", "disarmed after 5 minutes without a key (after 5m)"]
    (shown,) = put_together(scene.journal.written)
    assert (shown.summary, shown.result) == ("writing armed: for 15 minutes, by hand", "disarmed")
    assert not shown.is_open


async def test_by_hand_and_again() -> None:
    scene = Scene()
    await scene.periods.begin()
    await scene.periods.begin()
    scene.arming.disarm("disarmed by hand")
    await scene.periods.begin("by --write at the start")
    assert scene.journal.kinds() == [*BOTH, EventKind.ARMED]
    assert scene.told[1:] == ["disarmed by hand (after 0s)", "for 15 minutes, by --write at the start"]
    assert scene.arming.is_armed
    await scene.periods.close()
    assert not scene.arming.is_armed
    assert scene.journal.kinds() == [*BOTH, *BOTH]
    assert scene.told[-1].startswith("the console ended")


async def test_a_journal_that_fails_keeps_nothing_armed() -> None:
    scene = Scene()
    await scene.periods.begin()
    scene.journal.failing = {EventKind.DISARMED}
    scene.arming.disarm("disarmed by hand")
    await scene.periods.close()
    assert not scene.arming.is_armed
    assert scene.journal.kinds() == [EventKind.ARMED]


async def test_closing_without_ever_being_armed() -> None:
    scene = Scene()
    await scene.periods.close()
    assert not scene.journal.written
