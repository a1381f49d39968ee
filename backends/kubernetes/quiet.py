"""The silence of one collection's watches: left alone for a while, then examined, and what it means told as a state."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from backends.errors import Expired, SourceError
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.kubernetes.hearing import Silence
from backends.kubernetes.standing import Standing

_LISTED_WITHIN_S = 60.0
"""However often a watch turned out to be deaf, its list is read again within so long."""
_SOONER = 3
"""A watch that was found to be deaf is examined so many times as often: it costs little, and it may be over."""
_REASONS = {
    Silence.DEAF: "the watch did not carry changes that the API has made; it is opened anew and the list is read again",
    Silence.MUTE: "the API leaves watches open without a word; the list is read again instead",
}


class Quiet:
    """Looks after one watch at a time, and remembers what became of those before."""

    def __init__(self, connection: Connection, standing: Standing) -> None:
        self._clock = connection.clock
        self._timing = connection.timing
        self._standing = standing
        self.since = self._spoken_at = self._listed_at = self._clock.monotonic()
        """Since when nothing came or was answered, on the monotonic clock; written for every chunk that comes."""
        self._deaf = 0
        self._unanswered = 0

    def spoken(self) -> None:
        """Note that the watch said something, be it only a bookmark."""
        self._spoken_at = self._clock.monotonic()
        self._deaf = 0

    def listed(self) -> None:
        """Note that everything was read anew."""
        self._spoken_at = self._listed_at = self._clock.monotonic()

    async def until_doubted(self, examine: Callable[[], Awaitable[Silence]]) -> bool:
        """Return when the watch should be left, and whether its last version is good to go on from.

        A watch that is deaf is opened anew from there; one that is so again, or an API that is mute, is listed too,
        at growing intervals.
        """
        jitter = 1 + random.random() / 4
        while True:
            now = self._clock.monotonic()
            left_alone_s = self._timing.quiet_s * jitter / (_SOONER if self._standing.is_silent else 1)
            if now - self.since < left_alone_s:
                await self._clock.sleep(left_alone_s - (now - self.since))
            elif now - self._spoken_at > self._timing.silence_s * jitter:
                return False  # what answers may have missed it all itself
            else:
                try:
                    found = await self._asked(examine)
                except Expired:
                    return False  # nothing says that anything was missed, but nothing can say the contrary
                if found is not None and (goes_on := self._doubted(found)) is not None:
                    return goes_on

    def _doubted(self, found: Silence) -> bool | None:
        """Tell that the watch is deaf; return whether to go on from its version or to list, None to wait with that."""
        self._deaf += 1
        self._standing.silent(_REASONS[found])
        if found is Silence.DEAF and self._deaf == 1:
            return True
        spaced_s = max(self._timing.quiet_s, min(self._timing.quiet_s * self._deaf / _SOONER, _LISTED_WITHIN_S))
        is_due = self._deaf <= _SOONER or self._clock.monotonic() - self._listed_at >= spaced_s
        return False if is_due else None

    async def _asked(self, examine: Callable[[], Awaitable[Silence]]) -> Silence | None:
        """Ask once what the silence means; None when nothing is wrong, or when that could not be asked."""
        before = self.since
        try:
            found = await examine()
        except Expired:
            raise
        except SourceError as error:
            self._unanswered += 1
            self.since = self._clock.monotonic()
            if self._unanswered > 1:
                why = failures.reason(error)
                self._standing.silent(f"the watch is quiet, and whether it missed anything cannot be asked: {why}")
            return None
        self._unanswered = 0
        if found is not Silence.QUIET:
            # What the examination was told at once may be on its way to the watch as well.
            await self._clock.sleep(self._timing.beat_answer_s)
        if self.since != before:
            return None  # it has spoken meanwhile
        self.since = self._clock.monotonic()
        if found is Silence.QUIET:
            self._standing.heard()
            return None
        return found
