"""Running a command's coroutine so that every way of stopping it lets it clean up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from console.commands.exits import ExitCode, Interrupted

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLOSING_TURNS = 10
"""Turns of the loop after a command: sockets of streams that were given up last are closed in them."""


def run_until_signal(
    command: Coroutine[Any, Any, int], *, endless: bool = False, heed: Callable[[int], bool] = lambda number: False
) -> int:
    """Run a coroutine; SIGINT, SIGTERM and SIGHUP cancel it, and its `finally` blocks run.

    For `endless` commands (following, watching, the lab) being stopped is how they end: that is exit code 0.
    Otherwise Interrupted is raised with the signal. `heed` is told of each signal first, and answers True for
    one that shall not end the command.
    """
    return asyncio.run(_guarded(command, endless, heed))


async def _guarded(command: Coroutine[Any, Any, int], endless: bool, heed: Callable[[int], bool]) -> int:
    task = asyncio.create_task(command, name="command")
    received: list[int] = []

    def stop(number: int) -> None:
        if heed(number):
            return
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in STOPPING:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        if endless:
            return ExitCode.WELL
        raise Interrupted(received[0]) from None
    finally:
        for number in STOPPING:
            loop.remove_signal_handler(number)
        for _ in range(CLOSING_TURNS):
            await asyncio.sleep(0)
