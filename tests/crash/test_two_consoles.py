"""Two consoles that disrupt two stamps at one moment: each looked before the other held its lock, never both act."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from backends.lab.runner import RunningLab
from console.configuration import load_settings
from console.wiring import open_services
from tests.crash.stepping import SteppedConsole


def _holds_its_lock(steps: Sequence[str]) -> bool:
    """Whether a console stands where it has its lock on both APIs and was about to ask who else has one."""
    written = [each for each in steps if each.startswith(("after api create leases", "after api replace leases"))]
    return len(written) >= 2 and steps[-1].startswith("before api list_objects leases")


@pytest.mark.timeout(120)
async def test_never_do_both_go_on(crash_lab: RunningLab) -> None:
    with (
        SteppedConsole(crash_lab, "shrink", "orlando", "2") as ada,
        SteppedConsole(crash_lab, "shrink", "seattle", "2") as bob,
    ):
        stood = await asyncio.gather(*(asyncio.to_thread(each.until, _holds_its_lock) for each in (ada, bob)))
        assert stood == ["", ""], "both looked, saw nobody, and hold their locks now"
        outcomes = await asyncio.gather(*(asyncio.to_thread(each.until, lambda steps: False) for each in (ada, bob)))
    # One that is refused gives its lock back; when the other asks only then, it is alone, and may go on.
    done = [name for name, outcome in zip(("orlando", "seattle"), outcomes, strict=True) if outcome.startswith("done ")]
    assert len(done) <= 1, outcomes
    for outcome, other in zip(outcomes, ("seattle", "orlando"), strict=True):
        if not outcome.startswith("done "):
            assert outcome.startswith("refused ")
            assert "one-stamp-at-a-time: " in outcome and f" works on {other}: scale deployment/ratings-web" in outcome
    async with open_services(load_settings(str(crash_lab.config)), follow_fleet=False) as services:
        for name, cluster in services.everywhere.items():
            replicas = (await cluster.get("deployment", "ratings-web", "default"))["spec"]["replicas"]
            assert replicas == (2 if name in done else 3)
        assert not await services.journal.open_operations()
        survey = await services.lock.survey()
        assert set(survey.holders.values()) == {None}, "both gave their locks back"
