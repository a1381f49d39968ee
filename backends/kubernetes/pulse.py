"""One truth per stamp about whether its API is there: asked when it has been quiet, and whenever a connection fails.

While the API cannot be reached, this alone keeps asking; every watch of the stamp waits for it and shows its reason.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from backends.clock import pause
from backends.errors import CertificateRejected, SourceError, Unreachable
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.retry import Backoff
from backends.streams import Cell

_log = logging.getLogger(__name__)

_SEVERAL = 2
"""So many failures in a row make the API DOWN."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What is known of the API: reachable, doubtful (a `doubt` in words) or lost (an `error`).

    `number` counts the answers and failures seen; `retry_at` is seconds since the epoch.
    """

    number: int = 0
    error: SourceError | None = None
    failures: int = 0
    doubt: str = ""
    retry_at: float | None = None

    @property
    def is_down(self) -> bool:
        """Whether several attempts in a row failed."""
        return self.error is not None and self.failures >= _SEVERAL


class Pulse:
    """Follows whether one API answers at all; an answer of any kind, even a refusal, counts as life."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clock = connection.clock
        self._timing = connection.timing
        self._backoff = Backoff(self._timing.reconnect_base_s, self._timing.reconnect_cap_s)
        self._asked = asyncio.Event()
        self.beats: Cell[Beat] = Cell(Beat())

    def check(self) -> None:
        """Ask now instead of at the next beat."""
        self._asked.set()
        self._connection.trouble.set()

    async def run(self) -> None:
        """Follow the API until cancelled."""
        while True:
            await self._wait_until_due()
            self._asked.clear()
            self._connection.trouble.clear()
            try:
                await self._beat()
            except Exception:
                # Every watch of the stamp waits for this one: whatever an answer provokes, it goes on.
                _log.exception("asking the API of %s whether it is there", self._connection.stamp.name)
                self._lose(self._connection.malformed("read the version"))

    async def checked(self, since: int) -> Beat:
        """Wait for the first beat after number `since`."""
        async for beat in self.beats.follow():
            if beat.number > since:
                return beat
        raise AssertionError("a cell never ends")

    async def lost(self) -> SourceError:
        """Wait until the API cannot be reached, and return why."""
        async for beat in self.beats.follow():
            if beat.error is not None:
                return beat.error
        raise AssertionError("a cell never ends")

    async def _wait_until_due(self) -> None:
        beat = self.beats.value
        if beat.error is not None or beat.doubt:
            # Trouble is no news now; only a person hurries it.
            await pause(self._clock, max(0.0, (beat.retry_at or 0.0) - self._clock.now()), unless=self._asked)
            return
        trouble = self._connection.trouble
        while not trouble.is_set():
            quiet_s = self._quiet_s()
            if quiet_s >= self._timing.beat_idle_s:
                return
            await pause(self._clock, self._timing.beat_idle_s - quiet_s, unless=trouble)

    def _quiet_s(self) -> float:
        return self._clock.monotonic() - self._connection.heard_at

    async def _beat(self) -> None:
        before = self.beats.value
        if before.error is None and not before.doubt:
            try:
                await self._ask(self._timing.beat_answer_s, fresh=False)
            except TimeoutError:
                self._doubt(f"no answer from the API for {self._quiet_s():.0f} s")
            except CertificateRejected as error:
                self._lose(error)
                return
            except SourceError:
                pass  # a kept connection may have died by itself: only a new one proves anything
            else:
                self._live()
                return
        await self._beat_anew()

    async def _beat_anew(self) -> None:
        asked_at = self._clock.monotonic()
        limit_s = max(self._connection.stamp.cluster.request_timeout_s, self._timing.connect_s)
        try:
            await self._ask(limit_s, fresh=True)
        except (SourceError, TimeoutError) as error:
            self._lose(error if isinstance(error, SourceError) else self._connection.unanswered(limit_s))
            return
        took_s = self._clock.monotonic() - asked_at
        if took_s > self._timing.beat_answer_s:
            self._doubt(f"the API is slow: it answered after {took_s:.1f} s")
        else:
            self._live()

    async def _ask(self, timeout_s: float, *, fresh: bool) -> None:
        """Ask for the version; TimeoutError when connected but not answered, SourceError when not connected."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._connection.beat(timeout_s * 2, fresh=fresh)
        except (Unreachable, CertificateRejected):
            raise
        except SourceError:
            pass  # refused, failed or lied to: somebody is there, and each source finds out what it means for it

    def _live(self) -> None:
        self._backoff.reset()
        self.beats.set(Beat(number=self.beats.value.number + 1))

    def _doubt(self, doubt: str) -> None:
        self._backoff.reset()
        retry_at = self._clock.now() + self._timing.beat_answer_s
        self.beats.set(Beat(number=self.beats.value.number + 1, doubt=doubt, retry_at=retry_at))

    def _lose(self, error: SourceError) -> None:
        before = self.beats.value
        # A doubt was a failed attempt too, and took its time.
        failures_now = before.failures + (2 if before.doubt else 1)
        retry_at = self._clock.now() + self._backoff.next_delay()
        self.beats.set(Beat(number=before.number + 1, error=error, failures=failures_now, retry_at=retry_at))


def reason(beat: Beat) -> str:
    """Return what a state shows of a beat."""
    return failures.reason(beat.error) if beat.error is not None else beat.doubt
