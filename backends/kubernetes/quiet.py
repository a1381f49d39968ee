"""The silence of one collection's watches: left alone for a while, then examined, and what it means told as a state."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from backends.errors import Expired, SourceError
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.kubernetes.hearing import Silence
from backends.kubernetes.standing import Standing

_RARELY_S = 60.0
"""However often a watch turned out to be deaf, it is looked after again within so long."""
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
        self.since = self._spoken_at = self._clock.monotonic()
        """Since when nothing came or was answered, on the monotonic clock; written for every chunk that comes."""
        self._deaf = 0
        self._unanswered = 0

    def spoken(self) -> None:
        """Note that the watch said something, be it only a bookmark."""
        self._spoken_at = self._clock.monotonic()
        self._deaf = 0

    def listed(self) -> None:
        """Note that everything was read anew."""
        self._spoken_at = self._clock.monotonic()

    async def until_doubted(self, examine: Callable[[], Awaitable[Silence]]) -> bool:
        """Return when the watch should be left, and whether its last version is good to go on from.

        A watch that is deaf is opened anew from there; one that is so again, or an API that is mute, is listed too.
        """
        jitter = 1 + random.random() / 4
        while True:
            now = self._clock.monotonic()
            left_alone_s = self._left_alone_s() * jitter
            if now - self.since < left_alone_s:
                await self._clock.sleep(left_alone_s - (now - self.since))
            elif now - self._spoken_at > self._timing.silence_s * jitter:
                return False  # what answers may have missed it all itself
            else:
                try:
                    found = await self._asked(examine)
                except Expired:
                    return False  # nothing says that anything was missed, but nothing can say the contrary
                if found is not None:
                    self._deaf += 1
                    self._standing.silent(_REASONS[found])
                    return found is Silence.DEAF and self._deaf == 1

    def _left_alone_s(self) -> float:
        often = self._deaf if self._standing.is_silent else 1
        return max(self._timing.quiet_s, min(self._timing.quiet_s * often, _RARELY_S))

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
