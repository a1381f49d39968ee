"""Keeping one connection: made once for all who ask, noticed when it is lost, and made again."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging

from backends.clock import Clock, pause
from backends.errors import SourceError, Unreachable
from backends.helper_vm import failures
from backends.helper_vm.route import Link, Route
from backends.helper_vm.timing import Timing
from backends.model.health import OFF, Health, SourceState
from backends.retry import Backoff
from backends.streams import Cell

_log = logging.getLogger(__name__)


class Keeping:
    """Owns the connection of one helper VM; nobody who uses it can break it for the others."""

    def __init__(self, route: Route, clock: Clock, timing: Timing) -> None:
        self.state: Cell[SourceState] = Cell(OFF)
        self._route = route
        self._clock = clock
        self._timing = timing
        self._backoff = Backoff(timing.backoff_s, timing.backoff_cap_s)
        self._link: Link | None = None
        self._refusal: SourceError | None = None
        self._refused_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._next: asyncio.Future[None] | None = None
        self._nudged = asyncio.Event()
        self._closed = False

    async def link(self) -> Link:
        """Return the connection, made now if need be; raises what the next attempt raises."""
        while True:
            if self._closed:
                why = "the console is closing this connection"
                raise Unreachable(f"no connection to {self.place.where}", why=why, stamp=self.place.stamp)
            if self._link is not None and not self._link.is_lost:
                return self._link
            if self._refusal is not None:
                if self._is_still_refused(self._refusal):
                    raise copy.copy(self._refusal)
                self._refusal = None
            await self._attempt()

    def _is_still_refused(self, refusal: SourceError) -> bool:
        if isinstance(refusal, failures.PersonNeeded):
            return True
        return self._clock.monotonic() - self._refused_at < self._timing.refused_s

    def forgive(self) -> None:
        """Let the next call try again, and whoever waits for the next attempt have it now."""
        self._refusal = None
        self._nudged.set()

    async def close(self) -> None:
        """End the connection and all that keeps it."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._link is not None:
            await self._link.close()
        self._tell(None)
        self.state.set(OFF)

    @property
    def place(self) -> failures.Place:
        """Where it leads to."""
        return self._route.places[-1]

    async def _attempt(self) -> None:
        """Wait for the outcome of the next attempt, and see to it that there is one."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self._next.add_done_callback(_retrieve)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name=f"helper VM of {self.place.stamp}")
            self._task.add_done_callback(self._ended)
        self._nudged.set()
        try:
            # One caller that gives up must not end the attempt for the others.
            await asyncio.shield(self._next)
        except SourceError as error:
            raise copy.copy(error) from None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let nobody wait for ever, should this end as it never should."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        _log.error("keeping the helper VM of %s ended", self.place.stamp, exc_info=error)
        self._tell(failures.from_connecting(error, self.place))

    async def _keep(self) -> None:
        """Connect, wait for the loss, and again; ends when only a person can mend what is wrong."""
        while True:
            self._nudged.clear()
            if self.state.value.health is Health.OFF:
                self._show(Health.RETRYING, "connecting")
            try:
                link = await self._route.connect()
            except SourceError as error:
                if not await self._failed(error):
                    return
                continue
            self._link = link
            self._show(Health.LIVE, "")
            self._tell(None)
            began = self._clock.monotonic()
            await link.lost.wait()
            await link.close()
            if self._clock.monotonic() - began >= self._timing.steady_s:
                self._backoff.reset()
            await self._wait(failures.lost(self.place, link.error))

    async def _failed(self, error: SourceError) -> bool:
        """Tell everybody of a failed attempt; return whether to try again, after waiting for it."""
        error.stamp = error.stamp or self.place.stamp
        if failures.is_worth_retrying(error):
            self._tell(error)
            await self._wait(error)
            return True
        self._refusal, self._refused_at = error, self._clock.monotonic()
        self._show(failures.health_of(error, 1), _reason(error), error.todo)
        self._tell(error)
        return False

    async def _wait(self, error: SourceError) -> None:
        """Wait before the next attempt, shorter for one who asks for something."""
        delay_s = self._backoff.next_delay()
        health = failures.health_of(error, self._backoff.failures)
        self._show(health, _reason(error), error.todo, retry_at=self._clock.now() + delay_s)
        shortest_s = min(delay_s, self._timing.nudged_s)
        await self._clock.sleep(shortest_s)
        if delay_s > shortest_s:
            await pause(self._clock, delay_s - shortest_s, unless=self._nudged)

    def _tell(self, error: SourceError | None) -> None:
        if self._next is not None and not self._next.done():
            if error is None:
                self._next.set_result(None)
            else:
                self._next.set_exception(error)
        self._next = None

    def _show(self, health: Health, reason: str, todo: str = "", retry_at: float | None = None) -> None:
        now, before = self._clock.now(), self.state.value
        since = before.since if before.health is health else now
        as_of = now if health is Health.LIVE else before.as_of
        self.state.set(SourceState(health, reason, todo, as_of=as_of, since=since, retry_at=retry_at))


def _reason(error: SourceError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _retrieve(future: asyncio.Future[None]) -> None:
    # If every caller gave up, nobody else looks at the error, which asyncio would report as lost.
    with contextlib.suppress(asyncio.CancelledError):
        future.exception()
