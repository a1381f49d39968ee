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


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate by its role (`server`, `client`), and when it expires (seconds since the Unix epoch)."""

    role: str
    expires_at: float
    subject: str = ""
