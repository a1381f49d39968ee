"""How far one followed collection can be trusted: its state, and what its failures in a row mean."""

from __future__ import annotations

from msgspec.structs import replace

from backends.errors import Expired, Forbidden, NotFound, SourceError, Throttled, Unauthorized
from backends.kubernetes import failures
from backends.kubernetes.connection import Connection
from backends.model.health import Health, SourceState
from backends.retry import Backoff
from backends.streams import Cell

_SEVERAL = 3
"""So many failures in a row make a source DOWN."""
_CONFIRM_S = 1.0
"""`as_of` of a busy watch moves at most this often."""
_SILENCE_TODO = "look at proxies on the way, which may hold streams back, and at the API server's load"


class Standing:
    """Turns what happens to one collection into `state`, and says how long to wait after a failure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clock = connection.clock
        self._timing = connection.timing
        self.state: Cell[SourceState] = Cell(
            SourceState(Health.RETRYING, "asked for the first time", since=self._clock.now())
        )
        self._failures = 0
        self._proved_at: float | None = None
        """When the rows were last what the API said: by a list, by the watch, or because nothing was missed."""
        self._silence = ""
        self._lasting = Backoff(self._timing.reconnect_base_s, self._timing.reconnect_cap_s)
        self._refused = Backoff(self._timing.refused_base_s, self._timing.refused_cap_s)

    @property
    def is_doubtful(self) -> bool:
        """Whether so much failed in a row that only an event or a beat proves the source is back."""
        return self._failures >= _SEVERAL

    @property
    def is_silent(self) -> bool:
        """Whether the watch was found to carry nothing, and nothing but its own words proves the contrary."""
        return bool(self._silence)

    def listed(self) -> None:
        """Note that the whole collection was read."""
        self._failures = 0
        self._proved_at = self._clock.now()

    def steady(self) -> None:
        """Forget earlier failures: their cause is gone."""
        self._failures = 0
        self._lasting.reset()
        self._refused.reset()

    def heard(self) -> None:
        """Note that the watch said something, or that it was asked and missed nothing."""
        self._proved_at = self._clock.now()
        self._silence = ""
        state = self.state.value
        if not state.is_live or self._proved_at - (state.as_of or 0.0) >= _CONFIRM_S:
            self.live()

    def live(self) -> None:
        """Say that the rows are followed, as of their last proof; of a silent watch only that proof is told."""
        state = self.state.value
        if self._silence:
            self.become(Health.STALE, self._silence, _SILENCE_TODO)
            self.state.set(replace(self.state.value, as_of=self._proved_at))
            return
        since = state.since if state.is_live else self._clock.now()
        self.state.set(SourceState(Health.LIVE, self._skew(), as_of=self._proved_at, since=since))

    def silent(self, why: str) -> None:
        """Say that the API is there, but this watch carries nothing: beats prove nothing of its rows any more."""
        self._silence = why
        self.live()

    def failed(self) -> None:
        """Count one more failure."""
        self._failures += 1

    def refused(self, error: SourceError) -> float:
        """Say what a failure means, and return the seconds to wait before the next attempt."""
        health, delay_s = self._judge(error)
        why = failures.reason(error)
        if isinstance(error, Expired):
            why = "the server no longer keeps the changes since our last version (410); listing again"
        self.become(health, why, error.todo, self._clock.now() + delay_s)
        return delay_s

    def become(self, health: Health, reason: str, todo: str = "", retry_at: float | None = None) -> None:
        """Take a health; `as_of` stays, `since` too when the health was the same before."""
        before = self.state.value
        since = before.since if before.health is health else self._clock.now()
        self.state.set(replace(before, health=health, reason=reason, todo=todo, since=since, retry_at=retry_at))

    def _judge(self, error: SourceError) -> tuple[Health, float]:
        if isinstance(error, Unauthorized):
            return Health.UNAUTHORIZED, self._refused.next_delay()
        if isinstance(error, Forbidden):
            return Health.FORBIDDEN, self._refused.next_delay()
        if isinstance(error, NotFound):
            return Health.OFF, self._timing.unserved_s
        delay_s = self._lasting.next_delay(getattr(error, "retry_after_s", None) or 0.0)
        if isinstance(error, Throttled | Expired) or not self.is_doubtful:
            return Health.RETRYING, delay_s
        return Health.DOWN, delay_s

    def _skew(self) -> str:
        skew_s = self._connection.skew_s
        if abs(skew_s) <= self._timing.skew_s:
            return ""
        side = "ahead of" if skew_s > 0 else "behind"
        return f"the API's clock is {abs(skew_s):.0f} s {side} this machine's"
