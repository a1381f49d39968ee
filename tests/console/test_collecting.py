"""What is young must stay little, however much is replaced."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from console import collecting


@pytest.fixture
def lazy_collector() -> Iterator[None]:
    """Let the collector itself never find it time to look."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, 1000, 1000)
    yield
    gc.set_threshold(*before)


def young() -> int:
    return len(gc.get_objects(generation=0))


async def test_what_is_replaced_does_not_pile_up_among_the_young(
    lazy_collector: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "PERIOD_S", 0.001)
    rows = {number: (number, [number]) for number in range(20_000)}
    assert young() >= 20_000
    task = asyncio.create_task(collecting.collect_young())
    deadline = time.monotonic() + 8
    while young() >= 5_000:
        assert time.monotonic() < deadline, "the young were never looked through"
        await asyncio.sleep(0.005)
    task.cancel()
    assert len(rows) == 20_000
