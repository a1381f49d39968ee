"""What moves a simulated cluster: a queue of things to look at and a heap of things to do later, on the lab's clock."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from backends.lab.clock import LabClock
from backends.lab.objects import NoSuchObject, ObjectExists
from backends.lab.world.shapes import Key

_LOG = logging.getLogger(__name__)
_SLICE_S = 0.004  # the servers of all stamps share this thread: they wait no longer than this for the world


class Reconciler(Protocol):
    """Something that brings one object a step nearer to what it should be; called again until nothing changes."""

    def reconcile(self, key: Key) -> None: ...


class Driver:
    """Runs reconcilers, each key at most once per round, and timed calls; one task per cluster.

    A reconciler that raises is recorded in `failures` and logged; the world goes on. Losing a race for an object
    (it vanished or appeared between two looks) is no failure: the change that caused it queues the key again.
    """

    def __init__(self, clock: LabClock) -> None:
        self.clock = clock
        self.failures: list[BaseException] = []
        self._queue: dict[tuple[Reconciler, Key], None] = {}
        self._timers: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()

    def enqueue(self, reconciler: Reconciler, key: Key) -> None:
        """Look at `key` soon."""
        self._queue[reconciler, key] = None
        self._wake.set()

    def enqueue_after(self, delay_s: float, reconciler: Reconciler, key: Key) -> None:
        """Look at `key` after simulated seconds."""
        self.call_after(delay_s, self.enqueue, reconciler, key)

    def call_after(self, delay_s: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call something after simulated seconds."""
        at = self.clock.now() + max(0.0, delay_s)
        entry = (at, next(self._order), call, arguments)
        heapq.heappush(self._timers, entry)
        if self._timers[0] is entry:
            self._wake.set()

    def call_every(self, period_s: float, call: Callable[[], None]) -> None:
        """Call something every `period_s` simulated seconds, at most five times a real second."""
        period_s = max(period_s, 0.2 * self.clock.speed)

        def again() -> None:
            self.call_after(period_s, again)
            call()

        self.call_after(period_s, again)

    def settle(self) -> None:
        """Look at everything that is queued now, and at what that queues, without waiting for any timer."""
        while self._queue:
            reconciler, key = next(iter(self._queue))
            del self._queue[reconciler, key]
            self._guard(reconciler.reconcile, key)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._work()
            self._wake.clear()
            delay_s = self._until_next()
            if self._queue or delay_s <= 0:
                continue
            try:
                async with asyncio.timeout(delay_s):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _until_next(self) -> float:
        if not self._timers:
            return 3600.0
        return (self._timers[0][0] - self.clock.now()) / self.clock.speed

    async def _work(self) -> None:
        started = time.perf_counter()
        while self._step():
            if time.perf_counter() - started > _SLICE_S:
                await asyncio.sleep(0)
                started = time.perf_counter()
        await asyncio.sleep(0)

    def _step(self) -> bool:
        """Do one thing; False when there is nothing to do now."""
        if self._timers and self._timers[0][0] <= self.clock.now():
            _, _, call, arguments = heapq.heappop(self._timers)
            self._guard(call, *arguments)
            return True
        if self._queue:
            reconciler, key = next(iter(self._queue))
            del self._queue[reconciler, key]
            self._guard(reconciler.reconcile, key)
            return True
        return False

    def _guard(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except (NoSuchObject, ObjectExists):
            _LOG.debug("lost a race in %s%s", call, arguments)
        except Exception as error:  # a bug in one controller must not stop the others
            self.failures.append(error)
            _LOG.exception("the simulated world failed in %s%s", call, arguments)
