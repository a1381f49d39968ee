"""How far a value on screen can be trusted: every source of every stamp has one of these states."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Health(StrEnum):
    """The state of one source of one stamp, as the operator reads it."""

    LIVE = "LIVE"
    """Following the source; what is shown is what it says now."""
    STALE = "STALE"
    """Connected, or so it seems, but nothing confirmed the data for longer than expected."""
    RETRYING = "RETRYING"
    """The last attempt failed a short while ago, or the first has not ended; the next is scheduled."""
    DOWN = "DOWN"
    """Several attempts in a row failed: the source is not there. Attempts go on."""
    UNAUTHORIZED = "UNAUTHORIZED"
    """The credentials were refused or could not be obtained."""
    FORBIDDEN = "FORBIDDEN"
    """The credentials are good but do not allow reading this."""
    OFF = "OFF"
    """Not followed: not configured, not served by this stamp, or not needed now."""


_SEVERITY = (
    Health.OFF,
    Health.LIVE,
    Health.STALE,
    Health.RETRYING,
    Health.FORBIDDEN,
    Health.UNAUTHORIZED,
    Health.DOWN,
)


class SourceState(msgspec.Struct, frozen=True):
    """A source's health with its evidence.

    `as_of` is when the source last confirmed its data and `since` when this state began; `retry_at` is
    when the next attempt starts. All are seconds since the Unix epoch, None when there is none.
    """

    health: Health
    reason: str = ""
    todo: str = ""
    as_of: float | None = None
    since: float | None = None
    retry_at: float | None = None

    @property
    def is_live(self) -> bool:
        """Whether what is shown is what the source says now."""
        return self.health is Health.LIVE

    @property
    def is_degraded(self) -> bool:
        """Whether someone should look: anything but LIVE and OFF."""
        return self.health not in (Health.LIVE, Health.OFF)

    def age_s(self, now: float) -> float | None:
        """Seconds since the data was last confirmed, or None if it never was."""
        return None if self.as_of is None else max(0.0, now - self.as_of)


OFF = SourceState(Health.OFF)


def worst(states: list[SourceState]) -> SourceState:
    """Return the state that says most about what is wrong; OFF when there is none."""
    return max(states, key=lambda state: _SEVERITY.index(state.health), default=OFF)
