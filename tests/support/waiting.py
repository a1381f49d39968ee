"""Waiting for conditions, never for time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], T | None], within_s: float = 20.0) -> T:
    """Return the condition's first true value; AssertionError tells its last one when time is up."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within_s:g} s: last {value!r}"
        await asyncio.sleep(0.01)


async def eventually(ask: Callable[[], Awaitable[T | None]], within_s: float = 20.0) -> T:
    """Ask again and again until the answer is true, and return it; AssertionError tells the last one."""
    deadline = time.monotonic() + within_s
    while True:
        value = await ask()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within_s:g} s: last {value!r}"
        await asyncio.sleep(0.05)


def wait_until(condition: Callable[[], object], within_s: float = 30.0) -> None:
    """Return as soon as the condition holds, for tests without an event loop; AssertionError when time is up."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:g} s"
        time.sleep(0.02)
