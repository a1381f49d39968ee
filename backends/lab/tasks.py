"""Background work of the lab that must not end unnoticed: what fails is logged and begun again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

_LOG = logging.getLogger(__name__)
_PAUSE_FIRST_S = 0.05
_PAUSE_LAST_S = 5.0
_WENT_WELL_S = 30.0  # after so long without a failure the next one counts as the first


def keep_running(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Run `work` until it returns or the task is cancelled; each time it raises, log that and call it again.

    Between failures it waits longer and longer, at most 5 s, so that what always fails does not fill the log.
    """
    return asyncio.create_task(_run(name, work), name=name)


async def _run(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause_s = _PAUSE_FIRST_S
    while True:
        began = time.monotonic()
        try:
            await work()
            return
        except Exception:
            if time.monotonic() - began > _WENT_WELL_S:
                pause_s = _PAUSE_FIRST_S
            _LOG.exception("%s of the lab failed and is started again in %g s", name, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _PAUSE_LAST_S)
