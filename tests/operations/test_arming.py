"""Arming: read-only at first, for a while only, and not when nobody is at the keys."""

from __future__ import annotations

import asyncio

from backends.operations.arming import Arming
from tests.support.clock import ManualClock


async def test_it_starts_read_only_and_says_nothing_of_why() -> None:
    arming = Arming(ManualClock())
    assert (arming.is_armed, arming.left_s, arming.state.value.why_not) == (False, 0.0, "")


async def test_it_ends_after_its_time() -> None:
    clock = ManualClock()
    arming = Arming(clock, armed_for_s=900, idle_s=10_000)
    arming.arm()
    assert arming.state.value.until == clock.now() + 900
    await clock.advance(899)
    assert (arming.is_armed, arming.left_s) == (True, 1.0)
    await clock.advance(1)
    assert not arming.is_armed
    assert arming.state.value.why_not == "disarmed after 15 minutes"
    assert arming.left_s == 0.0


async def test_it_ends_when_nobody_touches_a_key() -> None:
    clock = ManualClock()
    arming = Arming(clock, armed_for_s=900, idle_s=300)
    arming.arm()
    await clock.advance(200)
    arming.touch()
    await clock.advance(299)
    assert arming.is_armed
    await clock.advance(1)
    assert not arming.is_armed
    assert arming.state.value.why_not == "disarmed after 5 minutes without a key"
    arming.touch()
    assert not arming.is_armed


async def test_arming_again_starts_the_time_anew() -> None:
    clock = ManualClock()
    arming = Arming(clock, armed_for_s=60, idle_s=60)
    arming.arm()
    await clock.advance(50)
    arming.arm()
    await clock.advance(50)
    assert arming.is_armed
    arming.disarm()
    assert not arming.is_armed


async def test_keys_do_not_prolong_it() -> None:
    clock = ManualClock()
    arming = Arming(clock, armed_for_s=60, idle_s=50)
    arming.arm()
    for _ in range(3):
        await clock.advance(20)
        arming.touch()
    assert not arming.is_armed


async def test_it_disarms_by_itself_while_it_is_kept() -> None:
    clock = ManualClock()
    arming = Arming(clock, armed_for_s=60, idle_s=60)
    keeping = asyncio.create_task(arming.keep())
    await clock.settle()
    arming.arm()
    await clock.advance(59)
    assert arming.state.value.until is not None
    await clock.advance(2)
    assert arming.state.value.why_not == "disarmed after 1 minute"
    arming.arm()
    await clock.advance(61)
    assert arming.state.value.until is None
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
