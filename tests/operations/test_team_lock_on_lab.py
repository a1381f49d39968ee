"""The team lock over two stamps of the lab: taken while one API is dead, kept when one dies, told, and found again."""

from __future__ import annotations

import pytest

from backends.clock import SystemClock
from backends.errors import Refused, SourceError
from backends.model.journal import Author
from backends.operations.team_lock import TeamLock
from tests.operations.conftest import OnLab
from tests.support.waiting import eventually, until

DURATION_S = 9.0
"""Short enough to be watched, long enough for a busy machine."""


def _console(setting: OnLab, person: str) -> TeamLock:
    author = Author(person, "bastion", f"process of {person}")
    return TeamLock(setting.services.everywhere, author, SystemClock(), duration_s=DURATION_S)


async def _revive(setting: OnLab, stamp: str) -> None:
    setting.lab.boards[stamp].clear()

    async def answers() -> bool:
        try:
            return bool(await setting.services.everywhere[stamp].version())
        except SourceError:
            return False

    await eventually(answers)


@pytest.mark.parametrize("fault", ["api-down", "link-black-hole"])
async def test_taken_while_the_stamps_own_api_is_dead(two_stamps: OnLab, fault: str) -> None:
    ada, bob = _console(two_stamps, "ada"), _console(two_stamps, "bob")
    two_stamps.lab.boards["orlando"].set(fault)
    async with ada.hold("orlando", "drain node-1", "0a1b2c3d") as held:
        assert tuple(held.held_on) == ("seattle",)
        assert held.not_asked["orlando"]
        with pytest.raises(Refused, match="ada@bastion/0a1b2c3d holds it for"):
            async with bob.hold("orlando", "scale web", "ffffffff"):
                pass
        survey = await bob.survey()
        assert set(survey.not_asked) == {"orlando"}
        assert survey.holders["orlando"] is not None
        two_stamps.lab.boards["orlando"].clear()
        await until(lambda: tuple(held.held_on) == ("orlando", "seattle"), 30)
        assert not held.not_asked, "it was taken there as soon as that was possible"
        assert not held.lost
    assert (await bob.holders())["orlando"] is None


async def test_kept_when_one_api_dies_and_found_void_when_it_is_back(two_stamps: OnLab) -> None:
    ada, bob = _console(two_stamps, "ada"), _console(two_stamps, "bob")
    async with ada.hold("orlando", "upgrade", "0a1b2c3d") as held:
        assert tuple(held.held_on) == ("orlando", "seattle")
        two_stamps.lab.boards["orlando"].set("api-down")
        await until(lambda: "orlando" in held.not_asked, 30)
        await until(lambda: tuple(held.held_on) == ("seattle",), 30)
        assert not held.lost
    await _revive(two_stamps, "orlando")
    # orlando still names ada, who gave it back on seattle.
    lease = await two_stamps.services.everywhere["orlando"].get("leases", "stampdeck-orlando", "default")
    assert lease["spec"]["holderIdentity"] == "ada@bastion/0a1b2c3d"
    assert (await bob.holders())["orlando"] is None
    async with bob.hold("orlando", "scale web", "ffffffff") as his:
        assert tuple(his.held_on) == ("orlando", "seattle")


async def test_told_when_every_api_died(two_stamps: OnLab) -> None:
    ada = _console(two_stamps, "ada")
    async with ada.hold("orlando", "drain node-1", "0a1b2c3d") as held:
        for board in two_stamps.lab.boards.values():
            board.set("api-down")
        await until(lambda: held.lost, 30)
        assert "could not be renewed on any stamp in time (orlando: " in held.lost
        assert "seattle: " in held.lost
        for name in two_stamps.names:
            await _revive(two_stamps, name)
    assert (await ada.holders())["orlando"] is None
