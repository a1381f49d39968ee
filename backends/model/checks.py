"""What a check of one source of one stamp found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing asked of one source of one stamp."""

    stamp: str
    source: str
    """`api`, `certificate`, `credentials`, `pods`, `tables`, `metrics`, `clock`, `application`, …"""
    outcome: Outcome
    what: str
    why: str = ""
    todo: str = ""
    elapsed_s: float = 0.0


_MONTH_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate by its role (`server`, `client`), and when it begins and expires (seconds since the epoch)."""

    role: str
    expires_at: float
    subject: str = ""
    valid_from: float = 0.0

    def ends_soon(self, now: float) -> bool:
        """Whether it is time to think of the next: thirty days before, or the last third of a short life."""
        left_s, whole_s = self.expires_at - now, self.expires_at - self.valid_from
        return left_s < min(_MONTH_S, whole_s / 3)
