"""The team lock with fakes: one winner, a dead API, renewal and its loss, leftovers, and taking over who is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest

from backends.errors import Refused, Unreachable
from backends.model.journal import Author
from backends.operations.held_lock import TeamHeldLock
from backends.operations.team_lock import TeamLock
from tests.support.clock import ManualClock
from tests.support.lease_api import LeaseApi, LeaseView

LEASE = "stampdeck-orlando"


class SkewedClock:
    """The same passing of time, with a wall clock that is wrong."""

    def __init__(self, clock: ManualClock, ahead_s: float) -> None:
        self._clock = clock
        self._ahead_s = ahead_s

    def now(self) -> float:
        return self._clock.now() + self._ahead_s

    def monotonic(self) -> float:
        return self._clock.monotonic() + 1000 * self._ahead_s

    async def sleep(self, delay_s: float) -> None:
        await self._clock.sleep(delay_s)


@dataclass
class Console:
    """One console of the team: its own way to each API, and its lock."""

    views: dict[str, LeaseView]
    lock: TeamLock

    @asynccontextmanager
    async def hold(self, what: str = "drain node-1", operation: str = "0a1b2c3d4e5f") -> AsyncIterator[TeamHeldLock]:
        async with self.lock.hold("orlando", what, operation) as held:
            yield held

    async def refusal(self) -> str:
        """Try to take the lock and return why it was refused."""
        with pytest.raises(Refused) as refused:
            async with self.lock.hold("orlando", "scale web", "ffffffffffff"):
                pass
        assert refused.value.step == "team lock"
        assert refused.value.stamp == "orlando"
        return f"{refused.value.why} — {refused.value.todo}"


class Team:
    """Two APIs, and consoles as they are asked for."""

    def __init__(self, *stamps: str) -> None:
        self.clock = ManualClock()
        self.apis = {name: LeaseApi(name) for name in stamps or ("orlando", "seattle")}

    def console(
        self,
        person: str = "ada",
        process: str = "",
        *,
        ahead_s: float = 0.0,
        is_gone: Callable[[Author], bool] = lambda author: False,
    ) -> Console:
        views = {name: api.view() for name, api in self.apis.items()}
        author = Author(person, "bastion", process or f"{person}-1")
        clock = SkewedClock(self.clock, ahead_s)
        return Console(views, TeamLock(views, author, clock, is_gone=is_gone))

    def holders(self) -> list[str]:
        return [api.holder(LEASE) for api in self.apis.values()]


@pytest.fixture
def team() -> Team:
    return Team()


async def _crash(console: Console, clock: ManualClock, operation: str = "0a1b2c3d4e5f") -> None:
    """Take the lock as a console that dies at once: it gives nothing back."""
    async with console.hold(operation=operation):
        for view in console.views.values():
            view.dead = True


async def test_it_is_held_everywhere_and_given_back(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    async with ada.hold() as held:
        assert tuple(held.held_on) == ("orlando", "seattle")
        assert not held.not_asked
        assert not held.lost
        assert team.holders() == ["ada@bastion/0a1b2c3d"] * 2
        lease = team.apis["seattle"].leases[LEASE]
        assert lease["metadata"]["annotations"]["stampdeck/what"] == "drain node-1"
        assert lease["metadata"]["annotations"]["stampdeck/process"] == "ada-1"
        assert lease["spec"]["leaseDurationSeconds"] == 30
        assert lease["spec"]["acquireTime"] == "2026-09-21T14:13:20.000000Z"
        holder = (await bob.lock.holders())["orlando"]
        assert holder is not None
        assert (holder.author, holder.operation, holder.what) == ("ada@bastion", "0a1b2c3d", "drain node-1")
        assert (holder.since, holder.held_on) == (team.clock.now(), ("orlando", "seattle"))
        assert not holder.is_lost
        assert (await bob.lock.holders())["seattle"] is None
    assert team.holders() == ["", ""]
    assert (await bob.lock.holders())["orlando"] is None
    async with bob.hold():
        assert team.apis["orlando"].leases[LEASE]["spec"]["leaseTransitions"] == 2


async def test_a_refusal_names_the_holder_and_the_way_out(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    async with ada.hold():
        await team.clock.advance(65)
        said = await bob.refusal()
        assert "ada@bastion/0a1b2c3d holds it for 65s: drain node-1 — ask ada@bastion" in said
        assert "this console is at work there" in await ada.refusal()
        assert team.holders() == ["ada@bastion/0a1b2c3d"] * 2, "a refusal changes nothing"


@pytest.mark.parametrize("dead", [(), ("orlando",), ("seattle",)])
async def test_of_eight_contenders_exactly_one_wins(dead: tuple[str, ...]) -> None:
    team = Team()
    consoles = [team.console(f"person-{number}") for number in range(8)]
    for console in consoles:
        for name in dead:
            console.views[name].dead = True
    for round_ in range(20):
        # Everyone who got it keeps it until all have tried.
        async with AsyncExitStack() as stack:
            tries = [stack.enter_async_context(each.hold(operation=f"{round_:08}")) for each in consoles]
            results = await asyncio.gather(*tries, return_exceptions=True)
            winners = [each for each in results if isinstance(each, TeamHeldLock)]
            assert len(winners) == 1
            assert all(isinstance(each, Refused) for each in results if each is not winners[0])
            assert set(winners[0].not_asked) == set(dead)
            alive = [api for name, api in team.apis.items() if name not in dead]
            assert len({api.holder(LEASE) for api in alive}) == 1, "the losers gave back what they had"
        assert team.holders() == ["", ""]


async def test_with_a_dead_api_it_is_held_on_the_living_one_and_says_so(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    ada.views["orlando"].dead = True
    async with ada.hold() as held:
        assert tuple(held.held_on) == ("seattle",)
        assert held.not_asked == {"orlando": "connection refused"}
        assert team.holders() == ["", "ada@bastion/0a1b2c3d"]
        assert "ada@bastion" in await bob.refusal(), "for whom both answer"
        assert team.apis["orlando"].holder(LEASE) == "", "the loser took nothing, or gave it back"
        ada.views["orlando"].dead = False
        await team.clock.until(lambda: len(held.held_on) == 2)
        assert team.holders() == ["ada@bastion/0a1b2c3d"] * 2, "taken where it could not be before"
        assert not held.not_asked
    ada.views["orlando"].dead = ada.views["seattle"].hangs = True
    with pytest.raises(Refused, match="orlando: connection refused; seattle: its API does not answer"):
        waiting = asyncio.create_task(ada.refusal())
        await team.clock.until(waiting.done)
        raise Refused((await waiting), step="team lock")


async def test_a_loser_gives_back_what_it_had_taken(team: Team) -> None:
    """Bob cannot see that orlando is taken until he has seattle."""
    ada, bob = team.console("ada"), team.console("bob")
    ada.views["orlando"].dead = True
    async with ada.hold():
        bob.views["seattle"].hangs = True
        trying = asyncio.create_task(bob.refusal())
        await team.clock.advance(7)
        bob.views["seattle"].hangs = False
        bob.views["seattle"].dead = True
        await team.clock.advance(2)
        # seattle did not answer: bob holds orlando, and finds ada when seattle answers again.
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
        async with bob.hold("scale web", "ffff") as his:
            assert tuple(his.held_on) == ("orlando",)
            bob.views["seattle"].dead = False
            await team.clock.until(lambda: his.lost)
            assert "seattle says ada@bastion/0a1b2c3d holds it" in his.lost
        assert team.holders() == ["", "ada@bastion/0a1b2c3d"]


async def test_it_is_renewed_for_as_long_as_it_is_held(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    async with ada.hold() as held:
        before = ada.views["orlando"].writes
        for _ in range(12):
            await team.clock.advance(50)
            holder = (await bob.lock.holders())["orlando"]
            assert holder is not None
            assert not holder.is_lost
        assert not held.lost
        assert 50 <= ada.views["orlando"].writes - before <= 61, "every third of thirty seconds, for ten minutes"


async def test_one_api_that_dies_is_told_and_does_not_lose_it(team: Team) -> None:
    ada = team.console("ada")
    async with ada.hold() as held:
        ada.views["orlando"].dead = True
        await team.clock.until(lambda: held.not_asked)
        assert held.not_asked == {"orlando": "connection refused"}
        await team.clock.advance(300)
        assert not held.lost
        assert tuple(held.held_on) == ("seattle",)
        ada.views["orlando"].dead = False
        await team.clock.until(lambda: not held.not_asked)
        assert tuple(held.held_on) == ("orlando", "seattle")


@pytest.mark.parametrize("trouble", ["dead", "hangs"])
async def test_when_no_api_confirms_it_any_more_it_is_lost_before_others_may_think_so(team: Team, trouble: str) -> None:
    ada = team.console("ada")
    async with ada.hold() as held:
        await team.clock.advance(11)
        renewed_at = team.clock.monotonic()
        for view in ada.views.values():
            setattr(view, trouble, True)
        await team.clock.until(lambda: held.state.value.lost)
        assert team.clock.monotonic() - renewed_at < 30
        assert "could not be renewed on any stamp in time (orlando: " in held.lost
        assert held.state.value.held_on == ()
        for view in ada.views.values():
            setattr(view, trouble, False)
        await team.clock.advance(60)
        assert held.lost, "once lost it stays so: the work was told to stop"
    assert team.holders() == ["", ""]


async def test_a_renewal_whose_answer_is_lost_is_found_done(team: Team) -> None:
    ada = team.console("ada")
    async with ada.hold() as held:
        for view in ada.views.values():
            view.mute = True
        await team.clock.advance(11)
        assert set(held.not_asked) == {"orlando", "seattle"}
        await team.clock.advance(120)
        assert not held.lost, "every one was found when it was looked for"
        for view in ada.views.values():
            view.mute = False
        await team.clock.until(lambda: not held.not_asked)
        await team.clock.advance(60)
        assert not held.lost


async def test_a_first_write_whose_answer_is_lost_is_found_done(team: Team) -> None:
    ada = team.console("ada")
    ada.views["orlando"].mute = True
    async with ada.hold() as held:
        assert tuple(held.held_on) == ("orlando", "seattle")
        ada.views["orlando"].mute = False
    assert team.holders() == ["", ""]


async def test_a_lease_that_someone_touched_or_deleted_is_held_on(team: Team) -> None:
    ada = team.console("ada")
    async with ada.hold() as held:
        touched = team.apis["orlando"].leases[LEASE]
        touched["metadata"]["annotations"]["note"] = "by kubectl"
        team.apis["orlando"].store(LEASE, touched)
        del team.apis["seattle"].leases[LEASE]
        await team.clock.advance(25)
        assert not held.lost
        assert not held.not_asked
        assert team.holders() == ["ada@bastion/0a1b2c3d"] * 2
        assert team.apis["orlando"].leases[LEASE]["metadata"]["annotations"]["note"] == "by kubectl"


async def test_a_lost_holder_is_taken_over_by_typing_its_name(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob", ahead_s=-7200)
    await _crash(ada, team.clock)
    assert team.holders() == ["ada@bastion/0a1b2c3d"] * 2
    assert "if nobody renews it for 30 s it can be taken over" in await bob.refusal()
    await team.clock.advance(31)
    assert "nobody renews it any more: take it over by typing ada@bastion/0a1b2c3d" in await bob.refusal()
    with pytest.raises(Refused, match=r"'ada' was typed"):
        await bob.lock.take_over("orlando", "ada")
    taken = await bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d")
    assert (taken.holder.name, taken.cleared_on) == ("ada@bastion/0a1b2c3d", ("orlando", "seattle"))
    assert team.apis["orlando"].leases[LEASE]["metadata"]["annotations"]["stampdeck/taken-over-by"] == "bob@bastion"
    async with bob.hold():
        assert team.holders() == ["bob@bastion/0a1b2c3d"] * 2
    with pytest.raises(Refused, match="nobody holds it"):
        await bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d")


@pytest.mark.parametrize("ahead_s", [-86_400.0, -40.0, 40.0, 86_400.0])
async def test_no_machines_clock_is_trusted(team: Team, ahead_s: float) -> None:
    ada, bob = team.console("ada"), team.console("bob", ahead_s=ahead_s)
    async with ada.hold() as held:
        for _ in range(3):
            await team.clock.advance(45)
            with pytest.raises(Refused, match="is alive"):
                trying = asyncio.create_task(bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d"))
                await team.clock.until(trying.done)
                await trying
        assert not held.lost


async def test_a_takeover_watches_as_long_as_it_has_to(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    await _crash(ada, team.clock)
    trying = asyncio.create_task(bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d"))
    await team.clock.advance(29)
    assert not trying.done(), "it may still be alive for all that bob saw"
    await team.clock.advance(2)
    assert (await trying).cleared_on == ("orlando", "seattle")


async def test_a_holder_that_was_only_paused_notices_the_takeover(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    async with ada.hold() as held:
        for view in ada.views.values():
            view.hangs = True
        trying = asyncio.create_task(bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d"))
        await team.clock.until(trying.done)
        assert held.lost, "told to stop before anybody could take it"
        for view in ada.views.values():
            view.hangs = False
        async with bob.hold("scale web", "ffff"):
            assert team.holders() == ["bob@bastion/ffff"] * 2
    assert team.holders() == ["", ""]


async def test_a_takeover_is_noticed_by_the_next_renewal(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob", is_gone=lambda author: author.process == "ada-1")
    async with ada.hold() as held:
        await bob.lock.take_over("orlando", "ada@bastion/0a1b2c3d")
        await team.clock.advance(11)
        assert "no longer ours: orlando says nobody: it was taken from us" in held.lost


async def test_a_process_known_to_be_gone_is_lost_at_once_and_its_operation_goes_on(team: Team) -> None:
    await _crash(team.console("ada", "ada-1"), team.clock)
    again = team.console("ada", "ada-2", is_gone=lambda author: author == Author("ada", "bastion", "ada-1"))
    holder = (await again.lock.holders())["orlando"]
    assert holder is not None
    assert holder.is_lost
    assert not holder.is_ours
    async with again.hold() as held:
        assert tuple(held.held_on) == ("orlando", "seattle")
        assert team.apis["orlando"].leases[LEASE]["metadata"]["annotations"]["stampdeck/process"] == "ada-2"
    assert team.holders() == ["", ""]


async def test_another_operation_of_the_same_person_does_not_take_it(team: Team) -> None:
    await _crash(team.console("ada", "ada-1"), team.clock)
    again = team.console("ada", "ada-2", is_gone=lambda author: True)
    assert "take it over by typing ada@bastion/0a1b2c3d" in await again.refusal()


async def test_what_a_dead_api_still_says_of_a_lock_given_back_elsewhere_does_not_count(team: Team) -> None:
    ada, bob = team.console("ada"), team.console("bob")
    async with ada.hold():
        ada.views["orlando"].dead = True
    assert team.holders() == ["ada@bastion/0a1b2c3d", ""]
    assert (await bob.lock.holders())["orlando"] is None
    async with bob.hold("scale web", "ffff") as held:
        assert tuple(held.held_on) == ("orlando", "seattle")


async def test_a_leftover_of_this_very_console_is_not_in_its_way() -> None:
    team = Team("orlando")
    ada = team.console("ada")
    await _crash(ada, team.clock)
    ada.views["orlando"].dead = False
    assert team.holders() == ["ada@bastion/0a1b2c3d"]
    async with ada.hold("scale web", "ffff"):
        assert team.holders() == ["ada@bastion/ffff"]
    assert team.holders() == [""]


async def test_a_cancelled_work_gives_it_back(team: Team) -> None:
    ada = team.console("ada")
    inside = asyncio.Event()

    async def work() -> None:
        async with ada.hold():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert team.holders() == ["", ""]


async def test_without_any_api_nothing_is_known(team: Team) -> None:
    ada = team.console("ada")
    for view in ada.views.values():
        view.dead = True
    with pytest.raises(Unreachable, match="cannot see who works on the stamps"):
        await ada.lock.holders()
    assert set((await ada.lock.survey()).not_asked) == {"orlando", "seattle"}
    assert "no stamp's API could keep it" in await ada.refusal()
