"""Two consoles that disrupt two stamps at one moment: each looked before the other held its lock, and neither acts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from backends.lab.runner import RunningLab
from console.configuration import load_settings
from console.wiring import open_services
from tests.crash.stepping import SteppedConsole


def _holds_its_lock(steps: Sequence[str]) -> bool:
    """Whether a console stands where it has its lock on both APIs and was about to ask who else has one."""
    written = [each for each in steps if each.startswith(("after api create leases", "after api replace leases"))]
    return len(written) >= 2 and steps[-1].startswith("before api list_objects leases")


_ASKED = "after api list_objects leases"


def _has_asked_again() -> Callable[[Sequence[str]], bool]:
    """Whether a console that held its lock has since heard from both APIs who else has one.

    One that is refused gives its lock back; the other, if it asked only then, would be alone and might go on.
    """
    before: list[int] = []

    def stands(steps: Sequence[str]) -> bool:
        heard = sum(each.startswith(_ASKED) for each in steps)
        if not before:
            before.append(heard - steps[-1].startswith(_ASKED))
        return heard >= before[0] + 2

    return stands


@pytest.mark.timeout(120)
async def test_neither_goes_on(crash_lab: RunningLab) -> None:
    with (
        SteppedConsole(crash_lab, "shrink", "orlando", "2") as ada,
        SteppedConsole(crash_lab, "shrink", "seattle", "2") as bob,
    ):
        stood = await asyncio.gather(*(asyncio.to_thread(each.until, _holds_its_lock) for each in (ada, bob)))
        assert stood == ["", ""], "both looked, saw nobody, and hold their locks now"
        asked = await asyncio.gather(*(asyncio.to_thread(each.until, _has_asked_again()) for each in (ada, bob)))
        assert asked == ["", ""], "both know of each other now, and neither has given its lock back"
        outcomes = await asyncio.gather(*(asyncio.to_thread(each.until, lambda steps: False) for each in (ada, bob)))
    for outcome, other in zip(outcomes, ("seattle", "orlando"), strict=True):
        assert outcome.startswith("refused ")
        assert "one-stamp-at-a-time: " in outcome and f" works on {other}: scale deployment/ratings-web" in outcome
    async with open_services(load_settings(str(crash_lab.config)), follow_fleet=False) as services:
        for cluster in services.everywhere.values():
            assert (await cluster.get("deployment", "ratings-web", "default"))["spec"]["replicas"] == 3
        assert not await services.journal.open_operations()
        survey = await services.lock.survey()
        assert set(survey.holders.values()) == {None}, "both gave their locks back"
